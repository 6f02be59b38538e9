// The real driver and the adapter against a stand-in of ours: what we send and how we take answers. What ArangoDB
// answers is not shown here but in arango-store.server.test.ts, which needs a server.
import { inspect } from 'node:util';
import { eventually } from '@microstax/testkit/eventually';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collections } from '../../core/changes.ts';
import { graphStoreContract } from '../../testing/store-contract.ts';
import type { ArangoOptions } from './arango-connection.ts';
import { documentKey } from './arango-key.ts';
import { defaultRetry } from './arango-retry.ts';
import { ArangoStandIn, type Recorded } from './arango-stand-in.ts';
import { ArangoFault, fault } from './arango-stand-in-data.ts';
import { openArangoStore } from './arango-store.ts';
import type { Batch, GraphStore } from './graph-store.ts';

const nothing: Batch = { guards: [], puts: [], removes: [], appends: [] };
const at = (key: string) => ({ collection: 'environments', key }) as const;
const put = (key: string, body: unknown): Batch => ({ ...nothing, puts: [{ ...at(key), body }] });
const leaf = (org: string, verb: string): Batch => ({ ...nothing, appends: [{ log: 'audit', org, body: { verb } }] });
const hasty: ArangoOptions = { retry: { ...defaultRetry, restMs: 1, restMsMax: 20 }, requestMs: 20_000 };

const onceOnly: ArangoOptions = { ...hasty, retry: { ...defaultRetry, restMs: 1, restMsMax: 1, attemptsMax: 1 } };

let standIn: ArangoStandIn;
let databases = 0;

beforeEach(async () => {
  standIn = await ArangoStandIn.start();
});
afterEach(() => standIn[Symbol.asyncDispose]());

const config = (database = 'msx') => ({ urls: [standIn.url], database, user: 'root', password: standIn.password });
const open = (options: ArangoOptions = hasty): Promise<GraphStore> => openArangoStore(config(), options);

/** Opens a store and forgets what opening sent. */
async function opened(): Promise<GraphStore> {
  const store = await open();
  standIn.requests.length = 0;
  return store;
}

const shape = ({ method, path, query }: Recorded): string =>
  query ?? `${method} ${path.replace(/^\/_api\/transaction\/\d+$/, '/_api/transaction/id')}`;
const begin = 'POST /_api/transaction/begin';
const commit = 'PUT /_api/transaction/id';
const abort = 'DELETE /_api/transaction/id';
const sent = (shapeOf: string) => standIn.requests.filter((request) => shape(request) === shapeOf);

describe('the ArangoDB store on a stand-in keeps the contract', () => {
  graphStoreContract(() => openArangoStore(config(`contract_${++databases}`), hasty));
});

describe('opening', () => {
  test('makes a OneShard database, its collections, indexes, graph and counters', async () => {
    await using _store = await open();
    const created = sent('POST /_api/database')[0];
    expect(created?.database).toBe('_system');
    expect(created?.body).toEqual({
      name: 'msx',
      options: { sharding: 'single', replicationFactor: 3, writeConcern: 2 },
    });
    const { data, indexes, graphs } = standIn.databases.get('msx') ?? expect.fail('no database');
    expect([...data.collections.keys()].sort()).toEqual(
      [...collections, 'audit', 'audit_pending', 'counters', 'outbox', 'overlays'].sort(),
    );
    expect(indexes.map(({ collection, fields }) => `${collection} ${fields}`).sort()).toEqual(
      [...collections, 'audit', 'audit_pending', 'outbox'].map((name) => `${name} sortKey`).sort(),
    );
    expect(graphs.get('lineage_graph')?.edgeDefinitions).toEqual([
      { collection: 'overlays', from: ['environments'], to: ['environments'] },
    ]);
    const edges = sent('POST /_api/collection').filter(({ body }) => body.type === 3);
    expect(edges.map(({ body }) => body.name)).toEqual(['overlays']);
  });

  test('defines nothing a second time', async () => {
    await (await open())[Symbol.asyncDispose]();
    standIn.requests.length = 0;
    await using _store = await open();
    expect(
      standIn.requests.map(shape).filter((text) => /collection|index|gharial|^POST \/_api\/database/.test(text)),
    ).toEqual([]);
  });

  test('goes on with a migration that was cut off, and beside another one', async () => {
    standIn.fail(new ArangoFault(500, 4, 'cut off'), (request) => shape(request) === 'msx.begin-numbers');
    await expect(open()).rejects.toThrow('cut off');
    await Promise.all([open(), open()].map(async (store) => (await store)[Symbol.asyncDispose]()));
    await using store = await open();
    expect(await store.commit(put('default/a', 1))).toMatchObject({ kind: 'committed', version: 1 });
  });

  test('refuses collections of a newer program', async () => {
    await (await open())[Symbol.asyncDispose]();
    standIn.databases.get('msx')?.data.collections.get('counters')?.set('schema', { _key: 'schema', value: 99 });
    await expect(open()).rejects.toThrow(
      'its collections have version 99, this program knows up to 1; start a newer one',
    );
  });

  test('refuses a sharded database of a cluster, takes a OneShard one', async () => {
    standIn.role = 'COORDINATOR';
    standIn.createDatabase('msx', 'flexible');
    await expect(open()).rejects.toThrow('its sharding is "flexible", must be "single"');
    await using _store = await openArangoStore(config('other'), hasty);
  });

  test('says which settings to look at where it is not let in, and tells the password to nobody', async () => {
    const wrong = { ...config(), password: 'hunter2 and more' };
    const error = await openArangoStore(wrong, hasty).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ name: 'StoreError', code: 'failed' });
    expect((error as Error).message).toContain('look at MSX_ARANGO_USER and MSX_ARANGO_PASSWORD');
    const everything = inspect(error, { depth: 10, showHidden: true });
    expect(everything).not.toContain('hunter2');
    expect(everything).not.toContain(Buffer.from(`root:${wrong.password}`).toString('base64'));
  });

  test('rejects where no server listens, within its budget', async () => {
    const gone = config();
    await standIn[Symbol.asyncDispose]();
    await expect(openArangoStore(gone, hasty)).rejects.toMatchObject({ code: 'failed' });
    standIn = await ArangoStandIn.start();
  });
});

describe('a commit', () => {
  test('is one transaction, and every request between its begin and its end carries its id', async () => {
    await using store = await opened();
    await store.commit({
      guards: [{ collection: 'meta', key: 'bus', version: 0 }],
      puts: [{ ...at('default/a'), body: 1 }],
      removes: [{ collection: 'holds', key: 'default/x' }],
      appends: [{ log: 'outbox', org: 'default', body: {} }],
      settled: [9],
    });
    expect(standIn.requests.map(shape)).toEqual([
      begin,
      'msx.take-numbers',
      'msx.versions',
      'msx.put',
      'msx.append',
      'msx.remove',
      'msx.remove',
      'msx.remove',
      commit,
    ]);
    const steps = standIn.requests.slice(1, -1);
    expect(new Set(steps.map(({ trx }) => trx)).size).toBe(1);
    expect(steps[0]?.trx).toBe(standIn.requests.at(-1)?.path.split('/').at(-1));
  });

  test('declares what it writes and reads, waits for the disk and locks no collection', async () => {
    await using store = await opened();
    await store.commit({
      ...put('default/a', 1),
      guards: [
        { collection: 'meta', key: 'bus', version: 0 },
        { ...at('default/a'), version: 0 },
      ],
    });
    expect(sent(begin)[0]?.body).toEqual({
      collections: { write: ['counters', 'environments', 'overlays'], read: ['meta'] },
      allowImplicit: false,
      waitForSync: true,
    });
  });

  test('sends values as bind variables only', async () => {
    await using store = await opened();
    await store.commit(put('default/"); REMOVE', { text: '") REMOVE d IN environments' }));
    await store.scan('environments', { prefix: 'default/"' });
    expect(standIn.requests.filter(({ body }) => /REMOVE d IN env|default/.test(String(body?.query)))).toEqual([]);
    expect((await store.get('environments', 'default/"); REMOVE'))?.body).toEqual({
      text: '") REMOVE d IN environments',
    });
  });

  test('that lost a race is tried again whole, after the first transaction was ended', async () => {
    await using store = await opened();
    standIn.fail(fault.conflict(), ({ query }) => query === 'msx.put', 2);
    expect(await store.commit(put('default/a', 1))).toMatchObject({ kind: 'committed', version: 1 });
    expect(standIn.requests.map(shape)).toEqual([
      ...[begin, 'msx.take-numbers', 'msx.put', abort],
      ...[begin, 'msx.take-numbers', 'msx.put', abort],
      ...[begin, 'msx.take-numbers', 'msx.put', 'msx.remove', commit],
    ]);
    expect(new Set(sent('msx.take-numbers').map(({ trx }) => trx)).size).toBe(3);
  });

  test('that loses every race ends as an outage', async () => {
    await using store = await opened();
    standIn.fail(fault.conflict(), ({ query }) => query === 'msx.put', 1_000);
    await expect(store.commit(put('default/a', 1))).rejects.toMatchObject({ name: 'StoreError', code: 'locked' });
    expect(sent(begin)).toHaveLength(defaultRetry.attemptsMax);
    expect(sent(abort)).toHaveLength(defaultRetry.attemptsMax);
  });

  test('is not tried again after a failed precondition, which has the same number as a lost race', async () => {
    await using store = await opened();
    standIn.fail(new ArangoFault(412, 1200, 'conflict, _rev values do not match'), ({ query }) => query === 'msx.put');
    await expect(store.commit(put('default/a', 1))).rejects.toMatchObject({ code: 'failed' });
    expect(sent(begin)).toHaveLength(1);
    expect(await store.get('environments', 'default/a')).toBeUndefined();
  });

  test('with a lost guard ends its transaction, answers, and is not tried again', async () => {
    await using store = await opened();
    const result = await store.commit({ ...put('default/a', 1), guards: [{ ...at('default/a'), version: 7 }] });
    expect(result).toEqual({ kind: 'conflict', at: at('default/a'), expected: 7, found: 0 });
    expect(standIn.requests.map(shape)).toEqual([begin, 'msx.take-numbers', 'msx.versions', abort]);
  });

  test.each(['drop', 'drop after', 'hang'] as const)('survives "%s" of a step', async (how) => {
    await using store = await open({ ...hasty, requestMs: 200 });
    standIn.requests.length = 0;
    standIn.fail(how, ({ query }) => query === 'msx.put');
    expect(await store.commit(put('default/a', 1))).toMatchObject({ kind: 'committed', version: 1 });
    expect(sent(begin)).toHaveLength(2);
  });

  test.each(['drop', 'drop after', 'hang'] as const)(
    'happens once where "%s" hides the answer of its end',
    async (how) => {
      await using store = await open({ ...hasty, requestMs: 200 });
      standIn.requests.length = 0;
      standIn.fail(how, (request) => shape(request) === commit);
      const result = await store.commit({ ...nothing, appends: [{ log: 'outbox', org: 'o', body: {} }] });
      expect(result).toEqual({ kind: 'committed', version: 1, appended: [{ log: 'outbox', org: 'o', n: 1 }] });
      expect(sent(begin)).toHaveLength(1);
      expect(sent(commit)).toHaveLength(2);
      expect(await store.readLog('outbox', {})).toHaveLength(1);
    },
  );

  test('whose outcome nobody can tell is an outage and is not done a second time', async () => {
    await using store = await opened();
    standIn.fail('drop after', (request) => shape(request) === commit);
    standIn.fail(new ArangoFault(404, 1655, 'transaction not found'), (request) => shape(request) === commit);
    const batch: Batch = { ...nothing, appends: [{ log: 'outbox', org: 'o', body: {} }] };
    await expect(store.commit(batch)).rejects.toThrow('Cannot learn whether a commit happened');
    expect(sent(begin)).toHaveLength(1);
    expect(await store.readLog('outbox', {})).toHaveLength(1);
  });

  test('is tried again where the server was started again between two steps', async () => {
    await using store = await opened();
    standIn.fail(new ArangoFault(404, 1655, 'transaction not found'), ({ query }) => query === 'msx.put');
    expect((await store.commit(put('default/a', 1))).kind).toBe('committed');
    expect(sent(begin)).toHaveLength(2);
  });

  test('gives its rows free also where its end is cut off', async () => {
    await using store = await opened();
    standIn.fail('drop', (request) => shape(request) === abort, 2);
    const lost = { ...put('default/a', 1), guards: [{ ...at('default/a'), version: 7 }] };
    expect((await store.commit(lost)).kind).toBe('conflict');
    expect(sent(abort)).toHaveLength(3);
    standIn.requests.length = 0;
    expect((await store.commit(put('default/a', 1))).kind).toBe('committed');
    expect(sent(begin)).toHaveLength(1);
  });

  test('of a process that goes away between any two requests is there whole, or not at all', async () => {
    const batch: Batch = {
      guards: [{ ...at('default/b'), version: 0 }],
      puts: [
        { ...at('default/a'), body: 1 },
        { collection: 'journal', key: 'default/a/1', body: 1 },
      ],
      removes: [at('default/old')],
      appends: [
        { log: 'outbox', org: 'o', body: {} },
        { log: 'audit', org: 'o', body: { verb: 'x' } },
      ],
    };
    const found: number[] = [];
    for (let step = 0; ; step++) {
      const database = `gone_${++databases}`;
      {
        await using setUp = await openArangoStore(config(database), hasty);
        await setUp.commit(put('default/old', 0));
      }
      const dying = await openArangoStore(config(database), onceOnly);
      let requests = 0;
      standIn.fail('drop after', () => requests++ >= step, 1_000);
      await dying.commit(batch).catch(() => undefined);
      await dying[Symbol.asyncDispose]();
      standIn.heal();
      standIn.endIdle();
      await using next = await openArangoStore(config(database), hasty);
      const rows = [
        (await next.scan('environments', { prefix: 'default/a' })).length,
        (await next.scan('journal', { prefix: 'default/' })).length,
        (await next.readLog('outbox', {})).length,
        (await next.readLog('audit', { org: 'o' })).length,
        (await next.get('environments', 'default/old')) === undefined ? 1 : 0,
      ];
      expect(new Set(rows).size, `from request ${step}: ${rows}`).toBe(1);
      found.push(rows[0] ?? -1);
      if (requests <= step) break;
    }
    expect(new Set(found)).toEqual(new Set([0, 1]));
    expect(found.length).toBeGreaterThan(6);
  });

  test('says so when the disk is full, at once', async () => {
    await using store = await opened();
    standIn.fail(new ArangoFault(500, 1104, 'filesystem full'), ({ query }) => query === 'msx.put');
    await expect(store.commit(put('default/a', 1))).rejects.toMatchObject({ code: 'full' });
    expect(sent(begin)).toHaveLength(1);
  });

  test('says so when the counters are gone', async () => {
    await using store = await opened();
    standIn.databases.get('msx')?.data.collections.get('counters')?.delete('store');
    await expect(store.commit(put('default/a', 1))).rejects.toMatchObject({ code: 'damaged' });
  });

  test('after the end rejects, and so does a read', async () => {
    const store = await open();
    await store[Symbol.asyncDispose]();
    await expect(store.commit(nothing)).rejects.toMatchObject({ code: 'closed' });
    await expect(store.get('meta', 'bus')).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('several processes', () => {
  test('race for one row: exactly one wins each version, none is lost', async () => {
    await using one = await open();
    await using two = await open();
    const count = async (store: GraphStore): Promise<number> => {
      let lost = 0;
      for (let done = 0; done < 25; ) {
        const row = await store.get<number>('environments', 'default/a');
        const result = await store.commit({
          ...put('default/a', (row?.body ?? 0) + 1),
          guards: [{ ...at('default/a'), version: row?.version ?? 0 }],
        });
        result.kind === 'committed' ? done++ : lost++;
      }
      return lost;
    };
    await Promise.all([count(one), count(two)]);
    expect((await one.get('environments', 'default/a'))?.body).toBe(50);
  });

  test('cannot both act on what the other one changes (write skew)', async () => {
    await using one = await open();
    await using two = await open();
    for (let round = 0; round < 20; round++) {
      const [a, b] = [at(`default/a${round}`), at(`default/b${round}`)];
      const results = await Promise.all([
        one.commit({ ...nothing, guards: [{ ...a, version: 0 }], puts: [{ ...b, body: 1 }] }),
        two.commit({ ...nothing, guards: [{ ...b, version: 0 }], puts: [{ ...a, body: 1 }] }),
      ]);
      expect(results.map(({ kind }) => kind).sort()).toEqual(['committed', 'conflict']);
    }
  });

  test('number one audit log without gaps, in the order of their commits', async () => {
    await using one = await open();
    await using two = await open();
    const write = async (store: GraphStore, name: string): Promise<void> => {
      for (let n = 0; n < 20; n++) await store.commit(leaf('default', `${name} ${n}`));
    };
    await Promise.all([write(one, 'one'), write(two, 'two')]);
    const rows = await one.readLog<{ verb: string; n: number }>('audit', { org: 'default' });
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(rows.map(({ body }) => body.n)).toEqual(rows.map(({ n }) => n));
    for (const name of ['one', 'two'])
      expect(rows.map(({ body }) => body.verb).filter((verb) => verb.startsWith(name))).toEqual(
        Array.from({ length: 20 }, (_, n) => `${name} ${n}`),
      );
    const versions = [...(standIn.databases.get('msx')?.data.collections.get('audit')?.values() ?? [])]
      .sort((a, b) => (String(a.sortKey) < String(b.sortKey) ? -1 : 1))
      .map(({ version }) => version as number);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });
});

describe('the audit sequencer', () => {
  const isNumbering = ({ body }: Recorded): boolean =>
    JSON.stringify(body?.collections?.write) === '["audit","audit_pending"]';

  test('numbers outside of the commit, which does not wait for it', async () => {
    await using store = await open({ ...hasty, requestMs: 200 });
    standIn.requests.length = 0;
    standIn.fail('hang', isNumbering);
    const result = await store.commit(leaf('default', 'revise'));
    expect(result).toMatchObject({ kind: 'committed', appended: [{ log: 'audit', org: 'default', n: null }] });
    expect(sent(begin)[0]?.body.collections.write).toEqual(['counters', 'audit_pending']);
  });

  test('numbers many leaves at once', async () => {
    await using store = await opened();
    standIn.fail(new ArangoFault(500, 4, 'not now'), isNumbering, 1_000);
    await store.commit(leaf('default', 'first'));
    const appends = Array.from({ length: 300 }, (_, n) => ({ log: 'audit', org: 'default', body: { n } }) as const);
    await store.commit({ ...nothing, appends });
    await expect(store.readLog('audit', { org: 'default' })).rejects.toThrow(
      'Cannot number the audit log of "default"',
    );
    standIn.heal();
    standIn.requests.length = 0;
    const rows = await store.readLog('audit', { org: 'default' });
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
    expect(sent(begin)).toHaveLength(2);
  });

  test('of a process that died is followed by the next reader', async () => {
    {
      await using store = await open();
      standIn.fail(new ArangoFault(500, 4, 'died'), isNumbering, 3);
      for (const verb of ['one', 'two', 'three']) await store.commit(leaf('default', verb));
    }
    await using store = await open();
    await eventually(async () => {
      const rows = await store.readLog<{ verb: string }>('audit', { org: 'default' });
      expect(rows.map(({ n, body }) => `${n} ${body.verb}`)).toEqual(['1 one', '2 two', '3 three']);
      return true;
    });
    expect(standIn.databases.get('msx')?.data.collections.get('audit_pending')?.size).toBe(0);
  });

  test('goes on behind another one that took its numbers', async () => {
    await using store = await opened();
    standIn.fail(
      fault.unique('1'),
      ({ query, body }) => query === 'msx.append' && JSON.stringify(body).includes('leafHash'),
      2,
    );
    await store.commit(leaf('default', 'one'));
    const rows = await store.readLog('audit', { org: 'default' });
    expect(rows.map(({ n }) => n)).toEqual([1]);
    expect(standIn.requests.filter(isNumbering)).toHaveLength(3);
  });

  test('reads a log from a number on', async () => {
    await using store = await open();
    for (let n = 1; n <= 5; n++) await store.commit(leaf('default', `${n}`));
    const rows = await store.readLog('audit', { org: 'default', after: 2, limit: 2 });
    expect(rows.map(({ n }) => n)).toEqual([3, 4]);
  });
});

describe('reading', () => {
  test('takes a long scan in several batches, none of them in a transaction', async () => {
    await using store = await opened();
    const keys = Array.from({ length: 2_500 }, (_, n) => `default/${String(n).padStart(5, '0')}`);
    await store.commit({ ...nothing, puts: keys.map((key) => ({ collection: 'journal', key, body: key })) });
    standIn.requests.length = 0;
    const rows = await store.scan<string>('journal', { prefix: 'default/' });
    expect(rows.map(({ body }) => body)).toEqual(keys);
    expect(standIn.requests.map(({ method, trx }) => [method, trx])).toEqual(Array(3).fill(['POST', undefined]));
  });

  test('keeps bodies to the byte', async () => {
    await using store = await open();
    const body = { b: 1, a: [0.1, 1e21, -5, 'é\u0000"', null, true], '': { _key: 'x', _id: 2 }, big: 2 ** 53 - 1 };
    await store.commit(put('default/a', body));
    expect(JSON.stringify((await store.get('environments', 'default/a'))?.body)).toBe(JSON.stringify(body));
  });

  test('asks once for each collection, and gives rows in the order asked', async () => {
    await using store = await opened();
    await store.commit({
      ...nothing,
      puts: [
        { ...at('default/a'), body: 'a' },
        { collection: 'meta', key: 'bus', body: 'bus' },
      ],
    });
    standIn.requests.length = 0;
    const rows = await store.getMany([
      at('default/b'),
      { collection: 'meta', key: 'bus' },
      at('default/a'),
      at('default/a'),
    ]);
    expect(rows.map((row) => row?.body)).toEqual([undefined, 'bus', 'a', 'a']);
    expect(standIn.requests).toHaveLength(2);
  });

  test.each(['drop', 'hang'] as const)('survives "%s"', async (how) => {
    await using store = await open({ ...hasty, requestMs: 200 });
    standIn.fail(how, ({ query }) => query === 'msx.get');
    expect(await store.get('meta', 'bus')).toBeUndefined();
  });
});

describe('the lineage graph', () => {
  const environment = (key: string, parent: string | null) => {
    const [org, env] = key.split('/');
    return { ...at(key), body: { org, env, parent } };
  };
  const edges = () =>
    [...(standIn.databases.get('msx')?.data.collections.get('overlays')?.values() ?? [])].map(({ _from, _to }) => [
      _from,
      _to,
    ]);
  const id = (key: string): string => `environments/${documentKey(key)}`;

  test('has an edge from each environment to its parent, changed by the same commit', async () => {
    await using store = await open();
    await store.commit({ ...nothing, puts: [environment('o/base', null), environment('o/child', 'base')] });
    expect(edges()).toEqual([[id('o/child'), id('o/base')]]);
    await store.commit({ ...nothing, puts: [environment('o/child', null)] });
    expect(edges()).toEqual([]);
    await store.commit({ ...nothing, puts: [environment('o/child', 'base')] });
    await store.commit({ ...nothing, removes: [at('o/child')] });
    expect(edges()).toEqual([]);
  });
});
