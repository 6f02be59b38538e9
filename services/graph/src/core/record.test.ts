import { sealArtifact } from '@microstax/model/artifact';
import type { Finding } from '@microstax/model/finding';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { addsNothing, type Recording, type RecordState, record } from './record.ts';
import { born, now } from './testing/states.ts';

const { environment, activation } = born(aRevision('base', { services: [aService('web')] }));
const plan = sealArtifact('plan', { placements: [{ kind: 'local' }, { kind: 'inherited' }], findings: [] });
const other = sealArtifact('plan', { placements: [], findings: [] });
const denial: Finding = {
  severity: 'error',
  code: 'over-budget',
  subject: 'base',
  reason: 'it costs 3, the budget is 2',
};

const recording = (draft: Partial<Recording> = {}): Recording => ({
  stage: 'planned',
  artifacts: [plan],
  findings: [],
  sequence: 9,
  incarnation: 1,
  drive: 0,
  now,
  ...draft,
});
const state = (draft: Partial<RecordState> = {}): RecordState => ({
  environment,
  activation,
  known: new Set(),
  ...draft,
});
const changesOf = (decision: ReturnType<typeof record>) =>
  decision.kind === 'recorded' ? decision.changes : undefined;

test('record() keeps a stage with the bytes of its artifacts', () => {
  given(state())
    .when((known) => record(recording(), known))
    .thenCheck((decision) => {
      expect(decision).toMatchObject({
        kind: 'recorded',
        activation: {
          stage: 'planned',
          reason: 'waits for a resolution',
          local: 1,
          services: 2,
          artifacts: { plan: plan.digest },
        },
      });
      expect(changesOf(decision)?.puts).toMatchObject([
        { collection: 'artifacts', key: `default/${plan.digest}`, body: { kind: 'plan', bytes: plan.bytes } },
        { collection: 'activations' },
        { collection: 'said', key: 'default/base/0000000001/planned', body: { sequence: 9, drive: 0 } },
      ]);
    });
});

test('record() writes no bytes twice', () => {
  const puts = changesOf(record(recording(), state({ known: new Set([plan.digest]) })))?.puts ?? [];
  expect(puts.map(({ collection }) => collection)).not.toContain('artifacts');
});

test('record() never goes back to an earlier stage', () => {
  expect(record(recording(), state({ activation: { ...activation, stage: 'decided', reason: 'x' } }))).toMatchObject({
    activation: { stage: 'decided', reason: 'x' },
  });
});

test('record() ends a denied activation with the reasons, and leaves target and serving alone', () => {
  const decision = record(recording({ stage: 'decided', artifacts: [], findings: [denial], ends: 'denied' }), state());
  const puts = changesOf(decision)?.puts ?? [];
  expect(puts.find(({ collection }) => collection === 'activations')?.body).toMatchObject({
    outcome: 'denied',
    stage: 'settled',
    reason: denial.reason,
    findings: [denial],
  });
  expect(puts.find(({ collection }) => collection === 'environments')?.body).toMatchObject({
    open: [],
    target: null,
    serving: null,
  });
});

test('record() gives no second outcome', () => {
  const settled = { ...activation, outcome: 'superseded' as const, stage: 'settled' as const };
  const decision = record(
    recording({ stage: 'decided', artifacts: [], findings: [denial], ends: 'denied' }),
    state({ activation: settled }),
  );
  expect(decision).toMatchObject({ kind: 'recorded', activation: { outcome: 'superseded' } });
  expect(changesOf(decision)?.appends).toEqual([]);
});

test('record() keeps the first of two unequal artifacts and says so loudly', () => {
  const planned = { ...activation, artifacts: { ...activation.artifacts, plan: other.digest } };
  expect(record(recording(), state({ activation: planned }))).toMatchObject({
    kind: 'recorded',
    unequal: [{ code: 'unequal-artifacts' }],
    activation: { artifacts: { plan: other.digest }, findings: [{ code: 'unequal-artifacts' }] },
  });
});

test('record() ignores an activation that the store does not know', () => {
  expect(record(recording(), state({ activation: null })).kind).toBe('ignored');
});

test('addsNothing() where a later stage brought the same artifacts', () => {
  const recorded = record(recording({ stage: 'decided' }), state());
  const later = recorded.kind === 'recorded' ? recorded.activation : activation;
  expect(addsNothing(recording(), later)).toBe(true);
  expect(addsNothing(recording({ artifacts: [other] }), later)).toBe(false); // said loudly, protocol 10
  expect(addsNothing(recording({ ends: 'refused' }), later)).toBe(false);
  expect(addsNothing(recording({ stage: 'decided' }), later)).toBe(false); // its place on the bus is to be known
  expect(addsNothing(recording(), activation)).toBe(false);
});
