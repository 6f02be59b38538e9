import { openArtifact } from '@microstax/contracts/bundle';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import { artifact, estate, identify, renew, takeover } from '@microstax/contracts/graph-requests';
import { query } from '@microstax/contracts/queries';
import { streams } from '@microstax/contracts/topology';
import type { Composition } from '@microstax/model/composition';
import type { Difference } from '@microstax/model/difference';
import { defaultOrg as org } from '@microstax/model/names';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphBench, owner } from './testing/graph-bench.ts';

const web = aService('web', { dependsOn: ['payments'], expose: true });
const payments = aService('payments');
const shop = (env: string) => aRevision(env, { services: [web, payments] });
const overlay = (env: string, parent: string) =>
  aRevision(env, { parent, services: [{ ...payments, env: { MODE: 'fast' } }] });

describe('the graph', () => {
  let bench: GraphBench;
  beforeAll(async () => {
    bench = await GraphBench.start();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  test('answers an accepted Blueprint and says the revision with difference and composition', async () => {
    const submission = await bench.accept(shop('first'));

    const answer = await bench.answerTo(submission, 'revised');
    const { bundle, activation, generation } = await bench.revised('first', 1);

    expect(answer).toMatchObject({ generation: 1, activation: 'first@1' });
    expect(answer.trace).toBe(await bench.traceOf('first'));
    expect({ activation, generation }).toEqual({ activation: 'first@1', generation: 1 });
    expect(openArtifact<Difference>(bundle, 'difference').value.services.map(({ state }) => state)).toEqual([
      'added',
      'added',
    ]);
    expect(openArtifact<Composition>(bundle, 'composition').value.services.map(({ name }) => name)).toEqual([
      'payments',
      'web',
    ]);
    await bench.statusWhere('first', { state: 'deriving', generation: 1, stage: 'revised' });
  });

  test('answers the same Blueprint with unchanged, and says nothing more', async () => {
    await bench.answerTo(await bench.accept(shop('again')), 'revised');
    const second = await bench.answerTo(await bench.accept(shop('again')), 'unchanged');

    expect(second).toEqual({ kind: 'unchanged', generation: 1, activation: 'again@1', outcome: null });
    const stored = await bench.bus.read(streams.events.name, {
      filter: environmentRevised.subject({ org, env: 'again' }),
    });
    expect(stored).toHaveLength(1);
  });

  test('realises a generation from claim to ready, and shows each step', async () => {
    await bench.answerTo(await bench.accept(shop('base')), 'revised');
    const approval = await bench.approve('base', 1);

    const claimed = await bench.claimed('base', 1, approval);
    expect(claimed).toMatchObject({ epoch: 1, length: 1, inventory: { instances: [], listeners: [] } });
    await bench.statusWhere('base', { state: 'activating', stage: 'claimed', local: 2, services: 2 });
    expect(await bench.claim('base', 1, approval)).toMatchObject({ kind: 'already' });

    const intent = {
      type: 'intended',
      job: 'workload:web',
      action: 'create',
      idempotencyKey: approval.digest,
    } as const;
    expect(await bench.append('base', claimed, intent)).toEqual({ kind: 'appended', length: 2 });
    expect(await bench.append('base', claimed, intent)).toEqual({ kind: 'stale', length: 2 });
    expect(await bench.append('base', { ...claimed, epoch: 7 }, intent)).toEqual({ kind: 'fenced', epoch: 1 });
    await bench.append(
      'base',
      { ...claimed, length: 2 },
      { type: 'finished', outcome: 'ready', reason: 'all jobs are done' },
    );

    const status = await bench.statusWhere('base', { state: 'ready', outcome: 'ready' });
    expect(status).toMatchObject({
      serving: { generation: 1 },
      target: { generation: 1 },
      reason: 'all jobs are done',
      journalLength: 3,
    });
    const subjects = (await bench.bus.read(streams.events.name, { filter: 'msx.evt.graph.default.base.*' })).map(
      ({ subject }) => subject,
    );
    expect(subjects.map((subject) => subject.split('.').at(-1))).toEqual(['revised', 'started', 'changed', 'ready']);
  });

  test('an overlay inherits, holds its provider, and the provider cannot be stopped under it', async () => {
    await bench.apply(shop('parent'));
    await bench.apply(overlay('child', 'parent'));

    const { bundle } = await bench.revised('child', 1);
    const composed = openArtifact<Composition>(bundle, 'composition').value;
    expect(composed.services.map(({ name, owner: by, remote }) => [name, by, remote?.env])).toEqual([
      ['payments', 'child', 'parent'],
      ['web', 'parent', 'parent'],
    ]);
    const refused = await bench.answerTo(await bench.command('parent', 'stop'), 'refused');
    expect(refused.findings).toMatchObject([
      { code: 'held', reason: 'Cannot stop "parent": "child" holds its service "web"' },
    ]);
    await bench.statusWhere('parent', { state: 'ready', generation: 1 });

    const { generation } = await bench.answerTo(await bench.command('child', 'delete'), 'revised');
    await bench.statusWhere('child', { state: 'deleting', generation });
    await bench.realise('child', generation);
    await bench.statusWhere('child', { state: 'deleted' });
    await bench.answerTo(await bench.command('parent', 'stop'), 'revised');
  });

  test('delete --cascade takes children along in one commit', async () => {
    await bench.apply(shop('trunk'));
    await bench.apply(overlay('leaf', 'trunk'));

    expect((await bench.answerTo(await bench.command('trunk', 'delete'), 'refused')).findings).toHaveLength(1);
    await bench.answerTo(await bench.command('trunk', 'delete', { cascade: true }), 'revised');
    for (const env of ['leaf', 'trunk']) await bench.realise(env, 2);

    for (const env of ['leaf', 'trunk']) await bench.statusWhere(env, { state: 'deleted', generation: 2 });
  });

  test('a parent that serves something new derives its tracking child again, under a trace of its own', async () => {
    await bench.apply(shop('moving'));
    await bench.apply(overlay('follower', 'moving'));
    const first = await bench.traceOf('follower');

    await bench.apply(aRevision('moving', { services: [{ ...web, env: { COLOUR: 'red' } }, payments] }));

    const { cause } = await bench.revised('follower', 2);
    expect(cause).toEqual({ kind: 'parent moved', parent: 'moving', parentGeneration: 2 });
    expect(await bench.traceOf('follower')).not.toBe(first);
    await bench.realise('follower', 2);
    await bench.statusWhere('follower', { state: 'ready', generation: 2 });
  });

  test('a claim from before its parent moved is answered provider moved, and the next generation goes on', async () => {
    await bench.apply(shop('shifting'));
    await bench.answerTo(await bench.accept(overlay('late', 'shifting')), 'revised');
    const approval = await bench.approve('late', 1);
    await bench.statusWhere('late', { stage: 'decided' });
    await bench.apply(aRevision('shifting', { services: [{ ...web, env: { COLOUR: 'red' } }, payments] }));
    await bench.revised('late', 2); // by the timer

    expect(await bench.claim('late', 1, approval)).toEqual({ kind: 'superseded', target: 2 });
    await bench.realise('late', 2);
    await bench.statusWhere('late', { state: 'ready', generation: 2 });
  });

  test('a child that failed waiting for its parent goes on by itself when the parent is ready', async () => {
    await bench.apply(shop('slow'));
    await bench.answerTo(await bench.command('slow', 'stop'), 'revised');
    await bench.realise('slow', 2);
    await bench.answerTo(await bench.accept(overlay('eager', 'slow')), 'revised');
    const approval = await bench.approve('eager', 1);
    expect(await bench.claim('eager', 1, approval)).toEqual({ kind: 'provider not wanted', provider: 'slow' });
    const failed = await bench.statusWhere('eager', { state: 'failed' });
    expect(failed.reason).toBe('provider "slow" is stopped; to go on: msx resume slow');

    await bench.answerTo(await bench.command('slow', 'resume'), 'revised');
    await bench.realise('slow', 3);

    await bench.realise('eager', 2);
    await bench.statusWhere('eager', { state: 'ready', generation: 2 });
  });

  test('an owner that falls silent loses its execution to whoever takes it over', async () => {
    await bench.answerTo(await bench.accept(shop('orphan')), 'revised');
    const claimed = await bench.claimed('orphan', 1, await bench.approve('orphan', 1));
    expect(await bench.bus.request(renew, org, { env: 'orphan', epoch: 1 })).toEqual({ kind: 'renewed' });
    await eventually(() => bench.bus.lastOn(streams.events.name, 'msx.evt.graph.default.orphan.offered'));

    const { execution } = claimed;
    const other = { ...owner, pid: 2 };
    const taken = await bench.bus.request(takeover, org, {
      env: 'orphan',
      execution,
      epoch: 1,
      owner: other,
      reason: 'offered',
    });

    expect(taken).toMatchObject({
      kind: 'taken over',
      epoch: 2,
      length: 2,
      events: [{ type: 'claimed' }, { type: 'taken over' }],
    });
    expect(await bench.bus.request(renew, org, { env: 'orphan', epoch: 1 })).toEqual({ kind: 'fenced', epoch: 2 });
    expect(
      await bench.bus.request(takeover, org, { env: 'orphan', execution, epoch: 1, owner, reason: 'late' }),
    ).toMatchObject({ kind: 'lost' });
    const { environments } = await bench.bus.request(estate, org, {});
    expect(environments.find(({ env }) => env === 'orphan')).toMatchObject({ epoch: 2, open: true, owner: other });
    await bench.append(
      'orphan',
      { execution, epoch: 2, length: 2 },
      { type: 'finished', outcome: 'ready', reason: 'done' },
    );
  });

  test('a preview is said and recorded nowhere', async () => {
    const submission = await bench.accept(shop('dry'), 'preview-1', 'preview');
    const { activation, bundle } = await bench.revised('dry', 0);

    expect(activation).toBe('dry@preview-preview-1');
    expect(openArtifact<Composition>(bundle, 'composition').value.services).toHaveLength(2);
    expect(await bench.bus.request(query, org, { kind: 'revisions', env: 'dry' })).toEqual({
      kind: 'revisions',
      items: [],
    });
    expect(await bench.status('dry')).toBeUndefined();
    expect((await bench.bus.request(query, org, { kind: 'submissions', env: 'dry' })).kind).toBe('submissions');
    expect(submission).toBe('preview-1');
  });

  test('identifies a service by its former name, and keeps an identity over environments', async () => {
    await bench.apply(shop('named'));
    const about = { env: 'renamer', parent: 'named', mode: 'overlay', project: null, value: 'renamer' } as const;
    const services = [
      { name: 'cash', formerNames: ['payments'] },
      { name: 'web', formerNames: [] },
    ];

    const reply = await bench.bus.request(identify, org, { ...about, services });

    const known = Object.fromEntries(
      shop('named').services.flatMap((service) => (service.kind === 'run' ? [[service.name, service.identity]] : [])),
    );
    expect(reply.identities).toEqual({ cash: known.payments, web: known.web });
    expect(reply).toMatchObject({
      self: null,
      parent: { env: 'named', root: 'named', deleted: false },
      valueHolder: null,
    });
  });

  test('answers every kind of query', async () => {
    await bench.apply(shop('asked'));
    const ask = async (body: Parameters<typeof bench.bus.request<never, never>>[2] & object) =>
      bench.bus.request(query, org, body as never);

    const detail = await ask({ kind: 'environment-detail', env: 'asked' } as never);
    expect(detail).toMatchObject({
      item: { status: { state: 'ready' }, activation: { outcome: 'ready', stage: 'settled' } },
    });
    const artifacts = (detail as { item: { artifacts: Record<string, { digest: `sha256:${string}` }> } }).item
      .artifacts;
    expect(Object.keys(artifacts).sort()).toEqual(
      [
        'approval',
        'composition',
        'derivation',
        'difference',
        'facts',
        'findings',
        'plan',
        'policy',
        'resolution',
        'revision',
      ].sort(),
    );
    expect(await bench.bus.request(artifact, org, { digest: artifacts.plan?.digest ?? 'sha256:' })).toMatchObject({
      kind: 'plan',
    });
    expect(await ask({ kind: 'journal', env: 'asked', at: 1 } as never)).toMatchObject({ items: [{ n: 1 }, { n: 2 }] });
    expect(await ask({ kind: 'executions', env: 'asked' } as never)).toMatchObject({
      items: [{ state: 'done', epoch: 1 }],
    });
    expect(await ask({ kind: 'activations', env: 'asked' } as never)).toMatchObject({
      items: [{ activation: 'asked@1' }],
    });
    expect(await ask({ kind: 'services', env: 'asked' } as never)).toMatchObject({
      items: [{ service: 'payments', placement: 'local' }, { service: 'web' }],
    });
    expect(await ask({ kind: 'environments' } as never)).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ env: 'asked' })]),
    });
    expect(await ask({ kind: 'audit' } as never)).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ verb: 'claimed', subject: 'asked@1' })]),
    });
    expect(await ask({ kind: 'environment-detail', env: 'nobody' } as never)).toMatchObject({
      kind: 'not found',
      what: 'environment "nobody"',
    });
  });

  test('a command on an environment that nobody knows is refused', async () => {
    const { findings } = await bench.answerTo(await bench.command('ghost', 'delete'), 'refused');
    expect(findings).toMatchObject([{ code: 'unknown-environment' }]);
  });

  test('a command that nobody knows is refused, naming those that are', async () => {
    const { findings } = await bench.answerTo(await bench.command('ghost', 'explode' as 'stop'), 'refused');
    expect(findings).toMatchObject([{ code: 'unknown-verb', next: expect.stringContaining('"retry"') }]);
  });
});

test('a graph that is asked to computes its projections again before it hears anything', async () => {
  await using bench = await GraphBench.start({}, { rebuild: true });
  await bench.apply(shop('parent'));
  await bench.apply(overlay('child', 'parent'));
  await bench.stopGraph();
  const { openSqliteStore } = await import('./shell/store/sqlite-store.ts');
  {
    await using store = await openSqliteStore(bench.config().databasePath);
    const rows = await Promise.all(['children', 'holds'].map((name) => store.scan(name as 'holds', { prefix: '' })));
    const row = await store.get<object>('environments', 'default/parent');
    const puts = [
      { collection: 'environments', key: 'default/parent', body: { ...row?.body, serving: null } },
    ] as const;
    expect(rows.map(({ length }) => length)).toEqual([1, 1]);
    await store.commit({ guards: [], puts, removes: rows.flat(), appends: [] });
  }

  await bench.startGraph();

  const { findings } = await bench.answerTo(await bench.command('parent', 'stop'), 'refused');
  expect(findings).toMatchObject([{ code: 'held' }]);
  expect((await bench.status('parent'))?.serving?.generation).toBe(1);
});

test('an outbox row that was written and not said is said after a restart', async () => {
  await using bench = await GraphBench.start();
  await bench.answerTo(await bench.accept(shop('before')), 'revised');
  await bench.stopGraph();
  const { openSqliteStore } = await import('./shell/store/sqlite-store.ts');
  {
    await using store = await openSqliteStore(bench.config().databasePath);
    const [row] = await store.scan<{ activation: string }>('activations', { prefix: 'default/before/' });
    expect(row?.body.activation).toBe('before@1');
    const { say } = await import('./core/outbox.ts');
    const { activationSuperseded } = await import('@microstax/contracts/activation-superseded');
    const body = {
      org,
      env: 'before',
      generation: 1,
      activation: 'before@1',
      submission: null,
      reason: 'a test',
      by: 2,
    };
    const append = say(activationSuperseded, body, { inputId: 'before@1', traceparent: null });
    await store.commit({ guards: [], puts: [], removes: [], appends: [append] });
  }

  await bench.startGraph();

  await eventually(() => bench.bus.lastOn(streams.events.name, 'msx.evt.graph.default.before.superseded'));
});

test('an activation whose event the bus lost is driven again, in a new incarnation', async () => {
  await using bench = await GraphBench.start();
  await bench.answerTo(await bench.accept(shop('lost')), 'revised');
  await bench.statusWhere('lost', { stage: 'revised' });
  await bench.revised('lost', 1);

  await bench.loseBus();

  await eventually(async () => (await bench.bus.incarnation()) === 2, { timeoutMs: 20_000 });
  await bench.revised('lost', 1);
  await bench.statusWhere('lost', { stage: 'revised', generation: 1 });
  await bench.realise('lost', 1);
  await bench.statusWhere('lost', { state: 'ready' });
});
