import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { derive } from './derive.ts';
import { again, aRequest, aState, born, serving, traceparent } from './testing/states.ts';

const web = aService('web', { dependsOn: ['payments'] });
const payments = aService('payments');
const base = serving(born(aRevision('base', { services: [web, payments] })));
const overlay = aRevision('feature', { parent: 'base', services: [aService('payments', { env: { A: '1' } })] });

const collections = (changes: { puts: readonly { collection: string }[] }) =>
  [...new Set(changes.puts.map(({ collection }) => collection))].sort();

test('derive() gives a new environment its first generation, with everything that follows in one commit', () => {
  given(() => aState(aRevision('base', { services: [web, payments] })))
    .when((state) => derive(aRequest('base'), state))
    .thenCheck((decision) => {
      if (decision.kind !== 'revised') throw new Error(decision.kind);
      const { environment, activation, changes } = decision;
      expect(environment).toMatchObject({
        generation: 1,
        head: { generation: 1 },
        serving: null,
        open: [1],
        root: 'base',
        wanted: 'running',
      });
      expect(activation).toMatchObject({
        activation: 'base@1',
        stage: 'revised',
        outcome: null,
        traces: ['a'.repeat(32)],
        traceparent,
      });
      expect(collections(changes)).toEqual([
        'activations',
        'answers',
        'artifacts',
        'environments',
        'identities',
        'members',
        'revisions',
      ]);
      expect(changes.appends.map(({ log }) => log)).toEqual(['outbox', 'audit']);
      expect(changes.puts.find(({ collection }) => collection === 'answers')?.body).toMatchObject({
        answer: { kind: 'revised', generation: 1, trace: 'a'.repeat(32) },
      });
    });
});

test('derive() freezes the offer of every ancestor and bumps the row of a new child’s parent', () => {
  given(() => aState(overlay, [base]))
    .when((state) => derive(aRequest('feature'), state))
    .thenCheck((decision) => {
      if (decision.kind !== 'revised') throw new Error(decision.kind);
      const { changes, artifacts, environment } = decision;
      const derivation = artifacts.find(({ kind }) => kind === 'derivation')?.value;
      const offer = { generation: 1, revision: base.environment.serving?.revision };
      expect(derivation).toMatchObject({
        lineage: [{ env: 'base', link: 'tracking', ...offer, offer }],
        wanted: 'running',
      });
      expect(environment).toMatchObject({ parent: 'base', root: 'base', changed: ['payments'], pin: null });
      const parent = changes.puts.find(({ key }) => key === 'default/base')?.body;
      expect(parent).toMatchObject({ env: 'base', touched: 1 });
      expect(collections(changes)).toContain('children');
    });
});

test('derive() keeps the digest of a derivation free of generation, cause and time', () => {
  const first = derive(aRequest('feature', 1), aState(overlay, [base]));
  const later = derive(aRequest('feature', 9, { now: 5, traceparent: null }), aState(overlay, [base]));
  if (first.kind !== 'revised' || later.kind !== 'revised') throw new Error('not revised');
  expect(later.activation.derivation).toBe(first.activation.derivation);
});

test('derive() answers unchanged while the newest generation is ready', () => {
  given(() => again(base))
    .when((state) => derive(aRequest('base', 2), state))
    .thenMatches({ kind: 'unchanged', generation: 1, outcome: 'ready' });
});

test('derive() answers unchanged while the newest generation is on its way', () => {
  given(() => again(born(base.revision)))
    .when((state) => derive(aRequest('base', 2), state))
    .thenMatches({ kind: 'unchanged', generation: 1, outcome: null });
});

for (const outcome of ['failed', 'denied', 'refused', 'superseded'] as const)
  test(`derive() makes a new generation of the same Blueprint after one that was ${outcome}`, () => {
    const ended = { ...base, activation: { ...base.activation, outcome } };
    given(() => again(ended))
      .when((state) => derive(aRequest('base', 2), state))
      .thenCheck((decision) => expect(decision).toMatchObject({ kind: 'revised', activation: { generation: 2 } }));
  });

test('derive() makes a new generation where always is asked for (retry, drift)', () => {
  given(() => again(base))
    .when((state) => derive(aRequest('base', 2, { always: true }), state))
    .thenCheck((decision) => expect(decision.kind).toBe('revised'));
});

test('derive() makes a new generation where only an ancestor’s offer differs', () => {
  const child = serving(born(overlay, [base]));
  const moved = serving(born(aRevision('base', { services: [web, aService('payments', { env: { B: '2' } })] })));
  const state = { ...again(child, [base]), lineage: aState(overlay, [moved]).lineage };
  given(state)
    .when((known) => derive(aRequest('feature', 2), known))
    .thenCheck((decision) => expect(decision.kind).toBe('revised'));
});

test('derive() answers outdated where a newer submission was committed first', () => {
  const newer = {
    ...base,
    environment: { ...base.environment, lastSubmission: { id: 's-9', order: { incarnation: 1, sequence: 9 } } },
  };
  given(() => again(newer))
    .when((state) => derive(aRequest('base', 3), state))
    .thenMatches({ kind: 'outdated', newer: 's-9' });
});

test('derive() takes a submission of a newer incarnation, whatever its sequence', () => {
  const old = {
    ...base,
    environment: { ...base.environment, lastSubmission: { id: 's-9', order: { incarnation: 1, sequence: 9 } } },
  };
  const request = aRequest('base', 1, {
    submission: { id: 'n-1', order: { incarnation: 2, sequence: 1 } },
    always: true,
  });
  expect(derive(request, again(old)).kind).toBe('revised');
});

test('derive() repeats the recorded answer of a redelivered submission and changes nothing', () => {
  const answered = {
    submission: 's-1',
    env: 'base',
    order: { incarnation: 1, sequence: 1 },
    answer: { kind: 'outdated', newer: 'x' } as const,
    at: 1,
  };
  given(() => ({ ...again(base), answered }))
    .when((state) => derive(aRequest('base'), state))
    .then({ kind: 'answered', answer: answered.answer, changes: { puts: [], removes: [], appends: [] } });
});

test('derive() refuses an overlay of a deleted parent, but deletes and stops it all the same', () => {
  const gone = { ...base, environment: { ...base.environment, wanted: 'deleted' as const } };
  expect(derive(aRequest('feature'), aState(overlay, [gone]))).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'deleted-parent' }],
  });
  for (const wanted of ['deleted', 'stopped'] as const)
    expect(derive(aRequest('feature', 1, { wanted }), aState(overlay, [gone])).kind).toBe('revised');
});

test('derive() refuses an identity that belongs to no service of the lineage', () => {
  const foreign = aRevision('base', { services: [web] });
  const services = foreign.services.map((service) =>
    service.kind === 'run' ? { ...service, identity: 'svc-1' } : service,
  );
  expect(derive(aRequest('base'), aState({ ...foreign, services }))).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'identity-mismatch', subject: 'services.web' }],
  });
});

test('derive() goes on counting after a delete, and lets the name have another parent', () => {
  const deleted = serving(base, { wanted: 'deleted', servingWanted: 'deleted', generation: 4 });
  const state = { ...again(deleted), own: aState(aRevision('base', { services: [payments] })).own };
  expect(derive(aRequest('base', 5), state)).toMatchObject({ kind: 'revised', activation: { generation: 5 } });
});
