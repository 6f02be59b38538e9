import type { JournalEvent } from '@microstax/model/journal';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { claim } from './claim.ts';
import type { ExecutionDocument } from './documents.ts';
import { aClaim, again, born, claiming, now, owner, serving } from './testing/states.ts';

const web = aService('web', { dependsOn: ['payments'] });
const payments = aService('payments');
const base = serving(born(aRevision('base', { services: [web, payments] })));
const feature = born(aRevision('feature', { parent: 'base', services: [aService('payments', { env: { A: '1' } })] }), [
  base,
]);
const hold = { env: 'base', service: 'web', specDigest: `sha256:${'1'.repeat(64)}` } as const;
const moved = serving(born(aRevision('base', { services: [web] })));

test('claim() grants: epoch, target, journal, hold, key, and the provider’s row is bumped', () => {
  given(() => aClaim(feature, [base], { providers: [hold] }))
    .when((state) => claim(claiming, state))
    .thenCheck(({ reply, changes }) => {
      expect(reply).toEqual({
        kind: 'claimed',
        execution: 'feature@1',
        epoch: 1,
        length: 1,
        inventory: { instances: [], listeners: [] },
      });
      const put = (collection: string, key: string) =>
        changes.puts.find((row) => row.collection === collection && row.key === key)?.body;
      expect(put('environments', 'default/feature')).toMatchObject({
        target: { generation: 1 },
        epoch: 1,
        journalLength: 1,
        execution: { id: 'feature@1', open: true },
        holds: [hold],
        keys: ['route:base/x-msx-env=feature'],
      });
      expect(put('environments', 'default/base')).toMatchObject({ touched: 1 });
      expect(put('meta', 'topology/default')).toBe(1);
      expect(put('holds', 'default/base/web/feature')).toMatchObject({ child: 'feature' });
      expect(put('keys', 'default/route:base/x-msx-env=feature')).toEqual({
        key: 'route:base/x-msx-env=feature',
        env: 'feature',
      });
      expect(put('journal', 'default/feature/000000000001')).toMatchObject({
        n: 1,
        epoch: 1,
        event: { type: 'claimed', owner },
      });
      expect(changes.appends.map(({ log }) => log).sort()).toEqual(['audit', 'outbox']);
    });
});

test('claim() appends first what its owner foresaw, and only where the journal stands as foreseen', () => {
  const events: JournalEvent[] = [
    { type: 'bound', actions: { scope: 'create' } },
    { type: 'intended', job: 'scope', action: 'create', idempotencyKey: claiming.approval },
  ];
  const claimed = (length: number, what = events) =>
    claim({ ...claiming, first: { length, events: what } }, aClaim(feature, [base]));
  const { reply, changes } = claimed(1);
  expect(reply).toMatchObject({ kind: 'claimed', length: 3, foreseen: true });
  const journal = changes.puts.flatMap(({ collection, body }) => (collection === 'journal' ? [body] : []));
  expect(journal).toMatchObject([{ n: 1 }, { n: 2, event: { type: 'bound' } }, { n: 3, event: { type: 'intended' } }]);
  const put = (collection: string) => changes.puts.find((row) => row.collection === collection)?.body;
  expect(put('executions')).toMatchObject({ state: 'running', underWay: ['scope'] });
  expect(put('activations')).toMatchObject({ stage: 'claimed', reason: 'works on scope' });
  expect(claimed(2).reply).toMatchObject({ kind: 'claimed', length: 1, foreseen: false });
  const finished: JournalEvent = { type: 'finished', outcome: 'ready', reason: 'nothing was done' };
  expect(claimed(1, [...events, finished]).reply).toMatchObject({ kind: 'claimed', length: 1 });
});

test('claim() says already of what is claimed or has its outcome', () => {
  const target = {
    ...feature,
    environment: { ...feature.environment, target: { generation: 1, revision: feature.activation.revision } },
  };
  expect(claim(claiming, aClaim(target, [base])).reply.kind).toBe('already');
  const ended = aClaim(feature, [base], { activation: { ...feature.activation, outcome: 'failed' } });
  expect(claim(claiming, ended)).toMatchObject({ reply: { kind: 'already' }, changes: { puts: [] } });
});

test('claim() of what is claimed names who has it, while that is not finished', () => {
  const target = {
    ...feature,
    environment: { ...feature.environment, target: { generation: 1, revision: feature.activation.revision } },
  };
  const openExecution = { execution: 'feature@1', epoch: 4, owner } as ExecutionDocument;
  expect(claim(claiming, aClaim(target, [base], { openExecution })).reply).toEqual({
    kind: 'already',
    reason: 'it is claimed',
    held: { execution: 'feature@1', epoch: 4, owner },
  });
});

test('claim() fences a generation older than target, and ends its activation', () => {
  const fenced = {
    ...feature,
    environment: { ...feature.environment, target: { generation: 3, revision: feature.activation.revision } },
  };
  const { reply, changes } = claim(claiming, aClaim(fenced, [base]));
  expect(reply).toEqual({ kind: 'superseded', target: 3 });
  expect(changes.puts).toMatchObject([{ body: { outcome: 'superseded' } }, { body: { open: [] } }]);
});

test('claim() names what is not recorded yet', () => {
  const state = aClaim(feature, [base], { approved: null, missing: [claiming.approval] });
  expect(claim(claiming, state)).toMatchObject({
    reply: { kind: 'artifact missing', digests: [claiming.approval] },
    changes: { puts: [] },
  });
});

test('claim() raises the generation where an ancestor’s offer is not what the derivation froze', () => {
  const state = {
    ...aClaim(feature, [base]),
    others: new Map([['base', moved.environment]]),
    derive: again(feature, [moved]),
  };
  const { reply, changes } = claim(claiming, state);
  expect(reply).toEqual({ kind: 'provider moved', provider: 'base', generation: 2 });
  const activations = changes.puts.filter(({ collection }) => collection === 'activations').map(({ body }) => body);
  expect(activations).toMatchObject([
    {
      generation: 2,
      outcome: null,
      cause: { kind: 'parent moved', parent: 'base' },
      traces: ['c'.repeat(32), 'a'.repeat(32)],
    },
    { generation: 1, outcome: 'superseded' },
  ]);
  expect(changes.puts.find(({ key }) => key === 'default/feature')?.body).toMatchObject({
    open: [2],
    head: { generation: 2 },
  });
});

test('claim() is no news where an ancestor serves a new generation of the same revision', () => {
  const sameAgain = {
    ...base.environment,
    generation: 2,
    serving: { generation: 2, revision: base.activation.revision },
  };
  const state = { ...aClaim(feature, [base]), others: new Map([['base', sameAgain]]) };
  expect(claim(claiming, state).reply.kind).toBe('claimed');
});

test('claim() fails an activation whose provider is stopped, and notes what it waits for', () => {
  const stopped = serving(base, { wanted: 'stopped' });
  const state = { ...aClaim(feature, [base], { providers: [hold] }), others: new Map([['base', stopped.environment]]) };
  const { reply, changes } = claim(claiming, state);
  expect(reply).toEqual({ kind: 'provider not wanted', provider: 'base' });
  expect(changes.puts).toContainEqual({
    collection: 'waiting',
    key: 'default/base/feature',
    body: { child: 'feature' },
  });
  expect(changes.puts.find(({ key }) => key === 'default/feature')?.body).toMatchObject({
    waitingFor: ['base'],
    open: [],
  });
});

test('claim() of a stop or delete takes no hold and asks no provider', () => {
  const stopping = { ...feature, environment: { ...feature.environment, wanted: 'stopped' as const, keys: ['k'] } };
  const state = { ...aClaim(stopping, [base], { providers: [hold] }), others: new Map([['base', moved.environment]]) };
  const { reply, changes } = claim(claiming, state);
  expect(reply.kind).toBe('claimed');
  expect(changes.puts.map(({ collection }) => collection)).not.toContain('holds');
  expect(changes.puts.find(({ key }) => key === 'default/feature')?.body).toMatchObject({ holds: [], keys: ['k'] });
});

test('claim() fails an activation that would close a circle of providers, and shows the circle', () => {
  const state = aClaim(feature, [base], { providers: [hold], circle: ['feature', 'base', 'other', 'feature'] });
  const { reply, changes } = claim(claiming, state);
  expect(reply).toEqual({ kind: 'taken', key: 'provider:base', by: 'base' });
  expect(changes.puts.find(({ collection }) => collection === 'activations')?.body).toMatchObject({
    outcome: 'failed',
    reason: expect.stringContaining('"feature" → "base" → "other" → "feature"; take one of them out of'),
  });
});

test('claim() fails an activation whose unique key is taken, naming the holder', () => {
  const key = 'route:base/x-msx-env=feature';
  const { reply, changes } = claim(claiming, aClaim(feature, [base], { keyHolders: [{ key, env: 'other' }] }));
  expect(reply).toEqual({ kind: 'taken', key, by: 'other' });
  expect(changes.puts[0]?.body).toMatchObject({ outcome: 'failed' });
});

test('claim() supersedes the execution under way and every older activation', () => {
  const open: ExecutionDocument = {
    execution: 'feature@1',
    org: 'default',
    env: 'feature',
    generation: 1,
    epoch: 1,
    state: 'running',
    owner,
    startedAt: 1,
    finishedAt: null,
    reason: '',
    plan: claiming.approval,
    resolution: claiming.approval,
    underWay: [],
    routed: false,
    failedAwaits: [],
    holds: [],
    keys: [],
    traceparent: null,
  };
  const { environment, activation } = feature;
  const second = {
    ...feature,
    environment: {
      ...environment,
      generation: 2,
      open: [1, 2],
      epoch: 1,
      journalLength: 4,
      target: { generation: 1, revision: activation.revision },
    },
    activation: { ...activation, generation: 2, activation: 'feature@2' },
  };
  const { reply, changes } = claim(claiming, aClaim(second, [base], { older: [activation], openExecution: open }));
  expect(reply).toMatchObject({ kind: 'claimed', epoch: 2, length: 6 });
  const body = (key: string, collection: string) =>
    changes.puts.find((row) => row.key === key && row.collection === collection)?.body;
  expect(body('default/feature/0000000001', 'executions')).toMatchObject({ state: 'superseded', finishedAt: now });
  expect(body('default/feature/0000000001', 'activations')).toMatchObject({ outcome: 'superseded' });
  expect(body('default/feature/000000000005', 'journal')).toMatchObject({
    generation: 1,
    event: { type: 'finished', outcome: 'superseded' },
  });
  expect(body('default/feature', 'environments')).toMatchObject({ open: [2] });
});

test('claim() fails an activation that wants a place in a pool that has none left, and says who to ask again', () => {
  const fullPool = { pool: 'base', capacity: 2, holders: ['one', 'two'] };
  given(() => claim(claiming, aClaim(feature, [base], { providers: [hold], fullPool })))
    .when(({ reply, changes }) => ({ reply, holds: changes.puts.filter(({ collection }) => collection === 'holds') }))
    .then({ reply: { kind: 'taken', key: 'pool:base', by: 'one' }, holds: [] });
});
