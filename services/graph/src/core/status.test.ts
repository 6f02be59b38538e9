import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import type { ActivationDocument, EnvironmentDocument } from './documents.ts';
import { mayReplace, statusOf } from './status.ts';
import { born, serving } from './testing/states.ts';

const first = born(aRevision('base', { services: [aService('web')] }));
const ready = serving(first);
const state = (environment: Partial<EnvironmentDocument>, activation: Partial<ActivationDocument>) =>
  statusOf({ ...ready.environment, ...environment }, { ...ready.activation, ...activation });

test('statusOf() tells how far an activation has come', () => {
  const open = { outcome: null };
  expect(state({}, { ...open, stage: 'planned' }).state).toBe('deriving');
  expect(state({}, { ...open, stage: 'decided' }).state).toBe('activating');
  expect(state({}, { ...open, stage: 'claimed' }).state).toBe('activating');
  expect(state({}, { ...open, stage: 'claimed', wanted: 'deleted' }).state).toBe('deleting');
});

test('statusOf() of a ready generation says what was wanted', () => {
  for (const wanted of ['asleep', 'stopped', 'deleted'] as const) expect(state({}, { wanted }).state).toBe(wanted);
  expect(state({}, {}).state).toBe('ready');
  expect(state({ degraded: true }, {}).state).toBe('degraded');
});

test('statusOf() of a denied generation says why, and what goes on serving', () => {
  const status = state({ generation: 2 }, { generation: 2, outcome: 'denied', reason: 'it costs too much' });
  expect(status).toMatchObject({
    state: 'denied',
    serving: { generation: 1 },
    reason: 'it costs too much; generation 1 goes on serving',
  });
});

test('mayReplace() never lets generation, stage or journal length go back', () => {
  const status = state({}, {});
  expect(mayReplace(status, status)).toBe(true);
  expect(mayReplace({ ...status, generation: 2, stage: 'revised' }, status)).toBe(true);
  expect(mayReplace({ ...status, stage: 'claimed' }, status)).toBe(false);
  expect(mayReplace({ ...status, journalLength: 1 }, status)).toBe(false);
  expect(mayReplace({ ...status, generation: 0, journalLength: 99 }, status)).toBe(false);
});
