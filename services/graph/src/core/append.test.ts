import type { AppendRequest } from '@microstax/contracts/graph-requests';
import type { JournalEvent } from '@microstax/model/journal';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { type AppendState, append } from './append.ts';
import { claim } from './claim.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from './documents.ts';
import { takeOver } from './take-over.ts';
import { aClaim, born, claiming, type Known, now, owner, serving } from './testing/states.ts';

const web = aService('web');
const base = serving(born(aRevision('base', { services: [web] })));
const hold = { env: 'base', service: 'web', specDigest: `sha256:${'1'.repeat(64)}` } as const;
const feature = born(aRevision('feature', { parent: 'base', services: [aService('own')] }), [base]);

/** A known environment right after its claim. */
function claimed(known: Known, providers: readonly (typeof hold)[] = []): AppendState {
  const { changes } = claim(claiming, aClaim(known, known === base ? [] : [base], { providers }));
  const body = <T>(collection: string) =>
    changes.puts.findLast(
      (row) => row.collection === collection && row.key.startsWith(`default/${known.environment.env}`),
    )?.body as T;
  return {
    environment: body<EnvironmentDocument>('environments'),
    execution: body<ExecutionDocument>('executions'),
    activation: body<ActivationDocument>('activations'),
    awaited: new Map(),
    below: { descendants: [], holders: [], namers: [], specs: new Map(), waiting: [] },
    servingExecution: null,
    now,
  };
}

const request = (draft: Partial<AppendRequest>, ...events: JournalEvent[]): AppendRequest => ({
  env: 'feature',
  execution: 'feature@1',
  epoch: 1,
  length: 1,
  events,
  ...draft,
});
const ready: JournalEvent = { type: 'finished', outcome: 'ready', reason: 'all is done' };
const instance = {
  id: 'own-1',
  service: 'own',
  runDigest: claiming.approval,
  pid: 5,
  startTime: '1',
  bootId: 'b',
  ports: {},
  epoch: 1,
};
const started: JournalEvent = { type: 'done', job: 'workload:own', result: { kind: 'instance', instance } };

test('append() grows the journal and folds the inventory', () => {
  given(() => claimed(feature))
    .when((state) => append(request({}, started), state))
    .thenCheck(({ reply, changes }) => {
      expect(reply).toEqual({ kind: 'appended', length: 2 });
      expect(changes.puts).toMatchObject([
        { collection: 'journal', key: 'default/feature/000000000002', body: { n: 2, epoch: 1 } },
        { collection: 'environments', body: { journalLength: 2, inventory: { instances: [{ id: 'own-1' }] } } },
        { collection: 'executions', body: { state: 'running' } },
      ]);
      expect(changes.appends).toMatchObject([
        { log: 'outbox', body: { event: 'job changed', body: { moves: [{ job: 'workload:own', state: 'done' }] } } },
      ]);
    });
});

test('append() tells what is being waited for', () => {
  const reasonOf = (job: string) => {
    const intended: JournalEvent = { type: 'intended', job, action: 'create', idempotencyKey: claiming.approval };
    const { changes } = append(request({}, intended), claimed(feature));
    const row = changes.puts.find(({ collection }) => collection === 'activations');
    return (row?.body as ActivationDocument | undefined)?.reason;
  };
  expect(['await:base/web', 'readiness:own', 'workload:own', 'routes'].map(reasonOf)).toEqual([
    'waits for "base" to serve "web"',
    'waits for "own" to be ready',
    'starts "own"',
    'works on routes',
  ]);
});

test('append() tells what was begun first, for the others may be intended ahead of it, and the next once it is over', () => {
  const intended = (job: string): JournalEvent => ({
    type: 'intended',
    job,
    action: 'create',
    idempotencyKey: claiming.approval,
  });
  const state = claimed(feature);
  const begun = append(request({}, intended('await:base/web'), intended('scope')), state).changes.puts;
  const body = (collection: string) => begun.find((row) => row.collection === collection)?.body as never;
  expect(body('activations')).toMatchObject({ reason: 'waits for "base" to serve "web"' });
  const next = { ...state, environment: body('environments'), execution: body('executions') } as AppendState;
  const { changes } = append(request({ length: 3 }, { type: 'done', job: 'await:base/web' }), next);
  const row = changes.puts.find(({ collection }) => collection === 'activations');
  expect(row?.body).toMatchObject({ reason: 'works on scope' });
});

test('append() fences another epoch or execution and tells a stale length', () => {
  const state = claimed(feature);
  expect(append(request({ epoch: 9 }, started), state)).toMatchObject({
    reply: { kind: 'fenced', epoch: 1 },
    changes: { puts: [] },
  });
  expect(append(request({ execution: 'feature@9' }, started), state)).toMatchObject({
    reply: { kind: 'fenced', epoch: 1 },
  });
  expect(append(request({ length: 7 }, started), state)).toMatchObject({
    reply: { kind: 'stale', length: 1 },
    changes: { puts: [] },
  });
});

test('append() of finished moves serving, ends the activation and says environment ready', () => {
  const { changes } = append(request({}, ready), claimed(feature, [hold]));
  const environment = changes.puts.find(({ collection }) => collection === 'environments')?.body;
  expect(environment).toMatchObject({
    serving: { generation: 1 },
    servingWanted: 'running',
    open: [],
    execution: { open: false },
    holds: [hold],
  });
  expect(changes.puts.find(({ collection }) => collection === 'activations')?.body).toMatchObject({
    outcome: 'ready',
    stage: 'settled',
  });
  expect(changes.appends.map(({ body }) => (body as { event?: string }).event)).toContain('environment ready');
});

test('append() of finished lets go of holds and keys that the new generation does not name', () => {
  const state = claimed(feature);
  const old = { ...hold, service: 'old' };
  const environment = {
    ...(state.environment as EnvironmentDocument),
    holds: [old],
    keys: ['old-key', 'route:base/x-msx-env=feature'],
  };
  const { changes } = append(request({}, ready), { ...state, environment });
  expect(changes.removes).toEqual([
    { collection: 'holds', key: 'default/base/old/feature' },
    { collection: 'keys', key: 'default/old-key' },
  ]);
});

test('append() of a finished delete frees keys, holds and the place in the lineage, and keeps the generation', () => {
  const state = claimed(feature, [hold]);
  const activation = { ...(state.activation as ActivationDocument), wanted: 'deleted' as const };
  const execution = { ...(state.execution as ExecutionDocument), holds: [] };
  const environment = { ...(state.environment as EnvironmentDocument), wanted: 'deleted' as const };
  const { changes } = append(request({}, ready), { ...state, environment, activation, execution });
  expect(changes.removes.map(({ collection }) => collection).sort()).toEqual(['children', 'holds', 'keys', 'members']);
  expect(changes.puts.find(({ collection }) => collection === 'environments')?.body).toMatchObject({
    servingWanted: 'deleted',
    keys: [],
    generation: 1,
  });
});

test('append() of a finished delete leaves the place of a name that was used again meanwhile', () => {
  const state = claimed(feature);
  const activation = { ...(state.activation as ActivationDocument), wanted: 'deleted' as const };
  const { changes } = append(request({}, ready), { ...state, activation });
  expect(changes.removes.map(({ collection }) => collection)).toEqual(['keys']);
});

test('append() of finished sets timers for tracking children of a changed revision, and for who waited', () => {
  const follower = serving(feature).environment;
  const pinned = { ...follower, env: 'pinned', pin: { generation: 1, revision: base.activation.revision } };
  const holder = { ...follower, env: 'holder', holds: [hold] };
  const waiter = { ...follower, env: 'waiter' };
  const next = born(aRevision('base', { services: [aService('web', { env: { A: '1' } })] }));
  const moving: Known = {
    ...next,
    environment: {
      ...base.environment,
      generation: 2,
      head: { generation: 2, revision: next.activation.revision },
      open: [2],
    },
    activation: { ...next.activation, generation: 2, activation: 'base@2' },
  };
  const below = {
    descendants: [
      { environment: follower, tracks: true },
      { environment: pinned, tracks: false },
    ],
    holders: [holder],
    specs: new Map([['web', claiming.approval]]),
    namers: [],
    waiting: [waiter],
  };
  const state = { ...claimed(moving), below };
  const { changes } = append(request({ env: 'base', execution: 'base@2', epoch: 2, length: 3 }, ready), state);
  const timers = changes.puts.filter(({ collection }) => collection === 'timers').map(({ body }) => body);
  expect(timers).toMatchObject([
    { env: 'feature', dueAt: now, cause: { kind: 'parent moved', parent: 'base', parentGeneration: 2 } },
    { env: 'holder' },
    { env: 'waiter' },
  ]);
});

test('append() of finished sets a timer for who was derived from an earlier head, where nothing was served before', () => {
  const first = born(aRevision('base', { services: [aService('web', { env: { A: '1' } })] }));
  const holder = { ...feature.environment, env: 'holder', holds: [hold], pin: base.environment.head };
  const below = {
    descendants: [{ environment: feature.environment, tracks: true }],
    holders: [holder],
    specs: new Map([['web', claiming.approval]]),
    namers: [],
    waiting: [],
  };
  const { changes } = append(request({ env: 'base', execution: 'base@1' }, ready), { ...claimed(first), below });
  const timers = changes.puts.filter(({ collection }) => collection === 'timers').map(({ body }) => body);
  expect(timers).toMatchObject([{ env: 'feature' }, { env: 'holder' }]);
});

test('append() of finished comes back to a pinned holder whose head could not be had from what was offered', () => {
  const other = { env: 'base', revision: claiming.approval };
  const refused = {
    ...serving(feature).environment,
    holds: [hold],
    head: { generation: 2, revision: claiming.approval },
    offers: [other],
  };
  const at = (holder: EnvironmentDocument) => {
    const below = {
      descendants: [],
      holders: [holder],
      namers: [],
      specs: new Map([['web', hold.specDigest]]),
      waiting: [],
    };
    const state = { ...claimed(born(base.revision)), below };
    return append(request({ env: 'base', execution: 'base@1' }, ready), state).changes.puts;
  };
  expect(at(refused).map(({ collection }) => collection)).toContain('timers');
  expect(at({ ...refused, serving: refused.head }).map(({ collection }) => collection)).not.toContain('timers');
});

test('append() of finished sets no timer where the offer says what it said before', () => {
  const first = born(base.revision);
  const below = {
    descendants: [{ environment: feature.environment, tracks: true }],
    holders: [],
    specs: new Map(),
    namers: [],
    waiting: [],
  };
  const { changes } = append(request({ env: 'base', execution: 'base@1' }, ready), { ...claimed(first), below });
  expect(changes.puts.map(({ collection }) => collection)).not.toContain('timers');
});

test('append() refuses the failure of an await job whose provider is worth waiting for again', () => {
  const failed: JournalEvent = { type: 'failed', job: 'await:base/web', reason: 'it is stopped' };
  const at = (environment: EnvironmentDocument) => ({
    ...claimed(feature),
    awaited: new Map([['base', { environment, newest: base.activation }]]),
  });
  expect(append(request({}, failed), at(base.environment)).reply).toMatchObject({ kind: 'refused' });
  expect(append(request({}, failed), at({ ...base.environment, wanted: 'stopped' })).reply).toMatchObject({
    kind: 'appended',
  });
});

test('append() of a failure that waited notes the provider, or comes back at once where it serves by now', () => {
  const state = claimed(feature);
  const waited = { ...state, execution: { ...(state.execution as ExecutionDocument), failedAwaits: ['base'] } };
  const failed: JournalEvent = { type: 'finished', outcome: 'failed', reason: 'no provider' };
  const at = (environment: EnvironmentDocument) =>
    append(request({}, failed), { ...waited, awaited: new Map([['base', { environment, newest: null }]]) }).changes;
  const stopped = at({ ...base.environment, servingWanted: 'stopped' });
  expect(stopped.puts.map(({ collection }) => collection)).toEqual(expect.arrayContaining(['waiting']));
  expect(stopped.puts.map(({ collection }) => collection)).not.toContain('timers');
  expect(at(base.environment).puts.map(({ collection }) => collection)).toContain('timers');
});

test('append() of a failure lets go of what only the failed one had claimed, unless requests go by its routes', () => {
  const state = claimed(feature, [hold]);
  const old = { ...hold, service: 'old' };
  const execution = state.execution as ExecutionDocument;
  const environment = { ...(state.environment as EnvironmentDocument), holds: [old, hold], keys: ['new', 'old'] };
  const servingExecution = { ...execution, holds: [old], keys: ['old'] };
  const failed: JournalEvent = { type: 'finished', outcome: 'failed', reason: 'it crashed' };
  const { changes } = append(request({}, failed), { ...state, environment, servingExecution });
  expect(changes.removes).toEqual([
    { collection: 'holds', key: 'default/base/web/feature' },
    { collection: 'keys', key: 'default/new' },
  ]);
  expect(changes.puts.find(({ collection }) => collection === 'environments')?.body).toMatchObject({
    holds: [old],
    keys: ['old'],
  });
  const routed = { ...state, environment, servingExecution, execution: { ...execution, routed: true } };
  expect(append(request({}, failed), routed).changes.removes).toEqual([]);
});

test('append() takes nothing after finished but what was observed missing', () => {
  const state = claimed(feature);
  const environment = {
    ...(state.environment as EnvironmentDocument),
    execution: { id: 'feature@1', generation: 1, open: false },
  };
  const lost: JournalEvent = { type: 'lost', instance: 'own-1', service: 'own', orderly: true, reason: 'msx up ended' };
  expect(append(request({}, started), { ...state, environment }).reply).toMatchObject({ kind: 'refused' });
  expect(append(request({}, lost), { ...state, environment }).reply).toEqual({ kind: 'appended', length: 2 });
});

test('takeOver() raises the epoch for a new owner once, and leaves the target', () => {
  const state = claimed(feature);
  const other = { ...owner, pid: 9 };
  const taken = takeOver({ owner: other, epoch: 1, execution: 'feature@1', reason: 'silent' }, state);
  expect(taken).toMatchObject({
    kind: 'taken over',
    environment: { epoch: 2, journalLength: 2, target: { generation: 1 } },
    execution: { owner: other, epoch: 2 },
  });
  const late = taken.kind === 'taken over' ? { ...state, environment: taken.environment } : state;
  const after = taken.kind === 'taken over' ? { ...late, execution: taken.execution } : late;
  expect(takeOver({ owner, epoch: 1, execution: 'feature@1', reason: 'late' }, after)).toMatchObject({
    kind: 'lost',
    held: { execution: 'feature@1', epoch: 2, owner: other },
  });
});
