import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { indexes } from '../core/projections.ts';
import { rebuildProjections } from '../shell/rebuild-projections.ts';
import type { GraphStore } from '../shell/store/graph-store.ts';
import { GraphHands } from './graph-hands.ts';

/** What every adapter of the graph store must do. `open` gives an empty store. */
export function graphStoreContract(open: () => Promise<GraphStore>): void {
  const nothing = { guards: [], puts: [], removes: [], appends: [] };
  const at = (key: string) => ({ collection: 'environments', key }) as const;

  test('get() gives what was put, and the newest after a second put', async () => {
    await using store = await open();
    await store.commit({ ...nothing, puts: [{ ...at('default/a'), body: { n: 1 } }] });
    const first = await store.get<{ n: number }>('environments', 'default/a');
    await store.commit({ ...nothing, puts: [{ ...at('default/a'), body: { n: 2 } }] });
    const second = await store.get<{ n: number }>('environments', 'default/a');
    expect([first?.body, second?.body]).toEqual([{ n: 1 }, { n: 2 }]);
    expect(second?.version).toBeGreaterThan(first?.version ?? Number.POSITIVE_INFINITY);
    expect(await store.get('environments', 'default/b')).toBeUndefined();
  });

  test('what is put twice is there once, under a newer version', async () => {
    await using store = await open();
    const put = {
      ...nothing,
      puts: [{ collection: 'artifacts', key: 'default/sha256:1', body: { bytes: '{}' } }],
    } as const;
    await store.commit(put);
    const first = await store.get('artifacts', 'default/sha256:1');
    await store.commit(put);
    const rows = await store.scan('artifacts', { prefix: 'default/' });
    expect(rows.map(({ body }) => body)).toEqual([first?.body]);
    expect(rows[0]?.version).toBeGreaterThan(first?.version ?? Number.POSITIVE_INFINITY);
  });

  test('commit() happens when every guard holds', async () => {
    await using store = await open();
    await store.commit({ ...nothing, puts: [{ ...at('default/a'), body: 1 }] });
    const version = (await store.get('environments', 'default/a'))?.version ?? 0;
    const result = await store.commit({
      ...nothing,
      guards: [
        { ...at('default/a'), version },
        { ...at('default/b'), version: 0 },
      ],
      puts: [{ ...at('default/b'), body: 2 }],
    });
    expect(result.kind).toBe('committed');
    expect((await store.get('environments', 'default/b'))?.body).toBe(2);
  });

  test('commit() changes nothing when one guard is lost, and names it', async () => {
    await using store = await open();
    await store.commit({ ...nothing, puts: [{ ...at('default/a'), body: 1 }] });
    const result = await store.commit({
      guards: [{ ...at('default/a'), version: 0 }],
      puts: [{ ...at('default/b'), body: 2 }],
      removes: [at('default/a')],
      appends: [{ log: 'audit', org: 'default', body: { verb: 'x' } }],
    });
    expect(result).toMatchObject({ kind: 'conflict', at: at('default/a'), expected: 0 });
    expect(await store.get('environments', 'default/b')).toBeUndefined();
    expect(await store.get('environments', 'default/a')).toBeDefined();
    expect(await store.readLog('audit', { org: 'default' })).toEqual([]);
  });

  test('a removed and rewritten document never has an old version again', async () => {
    await using store = await open();
    await store.commit({ ...nothing, puts: [{ ...at('default/a'), body: 1 }] });
    const old = (await store.get('environments', 'default/a'))?.version ?? 0;
    await store.commit({ ...nothing, removes: [at('default/a')] });
    await store.commit({ ...nothing, puts: [{ ...at('default/a'), body: 2 }] });
    const result = await store.commit({ ...nothing, guards: [{ ...at('default/a'), version: old }] });
    expect(result.kind).toBe('conflict');
  });

  test('of two commits under one guard exactly one wins', async () => {
    await using store = await open();
    const guards = [{ ...at('default/a'), version: 0 }];
    const results = await Promise.all(
      [1, 2].map((body) => store.commit({ ...nothing, guards, puts: [{ ...at('default/a'), body }] })),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(['committed', 'conflict']);
  });

  test('scan() stays within its prefix, in order, both ways, beyond `after`, up to `limit`', async () => {
    await using store = await open();
    const keys = ['default/a/0000000009', 'default/a/0000000010', 'default/a/0000000011', 'default/ab/1', 'other/a/1'];
    await store.commit({ ...nothing, puts: keys.map((key) => ({ ...at(key), body: key })) });
    const scan = async (range: Parameters<GraphStore['scan']>[1]) =>
      (await store.scan<string>('environments', range)).map(({ body }) => body);
    expect(await scan({ prefix: 'default/a/' })).toEqual(keys.slice(0, 3));
    expect(await scan({ prefix: 'default/a/', reverse: true, limit: 2 })).toEqual([keys[2], keys[1]]);
    expect(await scan({ prefix: 'default/a/', after: keys[0] as string })).toEqual([keys[1], keys[2]]);
    expect(await scan({ prefix: 'default/a/', after: keys[2] as string, reverse: true })).toEqual([keys[1], keys[0]]);
    expect(await store.scan('journal', { prefix: '' })).toEqual([]);
  });

  test('appends are numbered without gaps: the outbox as one, the audit log per organisation', async () => {
    await using store = await open();
    for (const org of ['default', 'other', 'default'])
      await store.commit({
        ...nothing,
        appends: [
          { log: 'audit', org, body: { verb: 'test', org } },
          { log: 'outbox', org, body: { org } },
        ],
      });
    const numbers = async (log: 'audit' | 'outbox', org: string) =>
      (await store.readLog(log, { org })).map(({ n }) => n);
    expect(await numbers('audit', 'default')).toEqual([1, 2]);
    expect(await numbers('audit', 'other')).toEqual([1]);
    expect(await numbers('outbox', 'default')).toEqual([1, 2, 3]);
    await store.commit({ ...nothing, settled: [1, 2] });
    expect(await numbers('outbox', 'default')).toEqual([3]);
    await store.commit({ ...nothing, appends: [{ log: 'outbox', org: 'default', body: {} }] });
    expect(await numbers('outbox', 'default')).toEqual([3, 4]);
  });

  test('an audit row holds its own number and the hash of its canonical bytes', async () => {
    await using store = await open();
    await store.commit({ ...nothing, appends: [{ log: 'audit', org: 'default', body: { verb: 'revise', at: 5 } }] });
    const [row] = await store.readLog('audit', { org: 'default' });
    expect(row?.body).toEqual({ at: 5, n: 1, verb: 'revise' });
    expect(row?.leafHash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a version that a guard holds is lost by a remove as well', async () => {
    await using store = await open();
    await store.commit({ ...nothing, puts: [{ ...at('default/a'), body: 1 }] });
    const version = (await store.get('environments', 'default/a'))?.version ?? 0;
    await store.commit({ ...nothing, removes: [at('default/a')] });
    const result = await store.commit({ ...nothing, guards: [{ ...at('default/a'), version }] });
    expect(result).toEqual({ kind: 'conflict', at: at('default/a'), expected: version, found: 0 });
  });

  test('keys, bodies and numbers come back as they were given', async () => {
    await using store = await open();
    const bodies = [null, 0, -1.5, 2 ** 53 - 1, '', 'ä\u0000\n"', [], {}, { a: [{ b: null }] }, true];
    const puts = bodies.map((body, index) => ({ ...at(`default/k-${index}`), body }));
    await store.commit({ ...nothing, puts });
    const rows = await store.getMany(puts.toReversed());
    expect(rows.map((row) => row?.body)).toEqual(bodies.toReversed());
    expect(await store.getMany([])).toEqual([]);
  });

  test('reads as of every generation stay as they were, through the handlers of the graph', async () => {
    await using store = await open();
    const hands = new GraphHands(store);
    const shop = (version: number) =>
      aRevision('shop', { services: [aService('web', { env: { VERSION: String(version) } })] });
    const reads = async (at: number) =>
      JSON.stringify(
        await Promise.all([
          hands.ask({ kind: 'environment-detail', env: 'shop', at }),
          hands.ask({ kind: 'environments', env: 'shop', at }),
          hands.ask({ kind: 'services', env: 'shop', at }),
          hands.ask({ kind: 'submissions', env: 'shop', at }),
        ]),
      );
    const seen: string[] = [];
    for (let generation = 1; generation <= 4; generation++) {
      expect(await hands.apply(shop(generation))).toBe(generation);
      seen.push(await reads(generation));
    }
    await hands.command('shop', 'stop');
    await hands.realise('shop', 5);
    expect(await Promise.all(seen.map((_, index) => reads(index + 1)))).toEqual(seen);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('projections that went are computed again from what was recorded', async () => {
    await using store = await open();
    const hands = new GraphHands(store);
    const web = (version: string) => aService('web', { dependsOn: ['cart'], env: { VERSION: version } });
    await hands.apply(aRevision('shop', { services: [web('1'), aService('cart')] }));
    await hands.apply(aRevision('fix', { parent: 'shop', services: [web('2')] }));
    const rows = async () =>
      (await Promise.all(indexes.map(({ collection, prefix }) => store.scan(collection, { prefix }))))
        .flat()
        .map(({ collection, key, body }) => ({ collection, key, body }));
    const kept = { rows: await rows(), shop: await hands.environment('shop'), fix: await hands.environment('fix') };
    expect((await rebuildProjections(hands.graph)).mended).toEqual([]);

    const forgotten = {
      ...kept.fix,
      serving: null,
      epoch: 0,
      inventory: { instances: [], listeners: [] },
      changed: [],
    };
    await store.commit({ ...nothing, puts: [{ ...at('default/fix'), body: forgotten }], removes: kept.rows });
    const { environments, mended } = await rebuildProjections(hands.graph);

    expect({ environments, mended: mended.length }).toEqual({ environments: 2, mended: kept.rows.length + 1 });
    expect({ rows: await rows(), shop: await hands.environment('shop'), fix: await hands.environment('fix') }).toEqual(
      kept,
    );
  });
}
