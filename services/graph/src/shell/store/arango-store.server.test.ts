// The contract on a real ArangoDB: the server of MSX_ARANGO_URL, or one in a container where Docker answers. Elsewhere
// everything here is skipped, and says why: until it ran once, the adapter is not verified against a server.
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { aql } from 'arangojs/aql';
import { Database } from 'arangojs/databases';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGraphConfig } from '../../config.ts';
import { graphStoreContract } from '../../testing/store-contract.ts';
import type { ArangoConfig } from './arango-connection.ts';
import { documentKey } from './arango-key.ts';
import { everyQuery } from './arango-queries-sample.ts';
import { lineageGraph } from './arango-schema.ts';
import { openArangoStore } from './arango-store.ts';
import type { GraphStore } from './graph-store.ts';

const image = 'arangodb:3.12'; // pulled where it runs, for a test only; it is never shipped
const startMsMax = 180_000;

const named = readGraphConfig(process.env).arango;
const docker = named === undefined && (await dockerAnswers());
const reason =
  named === undefined && !docker
    ? 'no ArangoDB server: MSX_ARANGO_URL is not set and Docker does not answer'
    : undefined;
if (reason !== undefined) console.warn(`SKIPPED, not passed: the ArangoDB suite on a server (${reason})`);

describe.skipIf(reason !== undefined)(
  `the ArangoDB store on a server${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    let server: Omit<ArangoConfig, 'database'>;
    let stop: (() => Promise<unknown>) | undefined;
    const databases: string[] = [];

    beforeAll(async () => {
      if (named !== undefined) server = named;
      else {
        const password = randomUUID();
        const { GenericContainer, Wait } = await import('testcontainers');
        const container = await new GenericContainer(image)
          .withEnvironment({ ARANGO_ROOT_PASSWORD: password })
          .withExposedPorts(8529)
          .withWaitStrategy(Wait.forLogMessage('Have fun!').withStartupTimeout(startMsMax))
          .start();
        stop = () => container.stop();
        server = { urls: [`http://${container.getHost()}:${container.getMappedPort(8529)}`], user: 'root', password };
      }
    }, startMsMax);

    afterAll(async () => {
      const system = driver('_system');
      for (const name of databases) await system.dropDatabase(name).catch(() => undefined);
      await stop?.();
    }, 60_000);

    const driver = (databaseName: string): Database => {
      const { urls, user: username, password } = server;
      return new Database({ url: [...urls], databaseName, auth: { username, password } });
    };
    const newDatabase = (): string => {
      const name = `msx_test_${randomUUID()}`;
      databases.push(name);
      return name;
    };
    const open = (database = newDatabase()): Promise<GraphStore> => openArangoStore({ ...server, database });

    graphStoreContract(() => open());

    test('no query reads a whole collection, and the optimiser takes the indexes that are meant', async () => {
      const database = newDatabase();
      await using _store = await open(database);
      const db = driver(database);
      for (const query of everyQuery((name) => db.collection(name))) {
        await db.parse(query);
        const { plan } = await db.explain(query);
        const nodes = plan.nodes.map(({ type }) => type);
        expect(nodes, query.query).not.toContain('EnumerateCollectionNode');
        if (/FILTER d\.sortKey/.test(query.query)) {
          expect(JSON.stringify(plan.nodes), query.query).toContain('"by_sort_key"');
          expect(nodes, query.query).not.toContain('SortNode');
        }
      }
    });

    test('keeps the order of keys whatever the language of the server', async () => {
      await using store = await open();
      const keys = ['a', 'a-', 'a.', 'a/', 'a/1', 'a0', 'a9', 'a:', 'aa', 'az', 'b', 'ch', 'cz', 'å', '\u{1f600}'];
      const puts = keys.toReversed().map((key) => ({ collection: 'journal', key, body: key }) as const);
      await store.commit({ guards: [], puts, removes: [], appends: [] });
      expect((await store.scan('journal', { prefix: '' })).map(({ key }) => key)).toEqual(keys);
    });

    test('two processes racing for one row lose no commit, and the loser is told', async () => {
      const database = newDatabase();
      await using one = await open(database);
      await using two = await open(database);
      const at = { collection: 'environments', key: 'default/a' } as const;
      const count = async (store: GraphStore): Promise<void> => {
        for (let done = 0; done < 25; ) {
          const row = await store.get<number>(at.collection, at.key);
          const result = await store.commit({
            guards: [{ ...at, version: row?.version ?? 0 }],
            puts: [{ ...at, body: (row?.body ?? 0) + 1 }],
            removes: [],
            appends: [{ log: 'audit', org: 'default', body: { verb: 'count' } }],
          });
          if (result.kind === 'committed') done++;
        }
      };
      await Promise.all([count(one), count(two)]);
      expect((await one.get(at.collection, at.key))?.body).toBe(50);
      const rows = await two.readLog('audit', { org: 'default' });
      expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    }, 60_000);

    test('write skew between two processes: exactly one of each pair wins', async () => {
      const database = newDatabase();
      await using one = await open(database);
      await using two = await open(database);
      const at = (key: string) => ({ collection: 'environments', key }) as const;
      for (let round = 0; round < 50; round++) {
        const [a, b] = [at(`default/a${round}`), at(`default/b${round}`)];
        const results = await Promise.all([
          one.commit({ guards: [{ ...a, version: 0 }], puts: [{ ...b, body: 1 }], removes: [], appends: [] }),
          two.commit({ guards: [{ ...b, version: 0 }], puts: [{ ...a, body: 1 }], removes: [], appends: [] }),
        ]);
        expect(results.map(({ kind }) => kind).sort()).toEqual(['committed', 'conflict']);
      }
    }, 60_000);

    test('the named graph leads from an environment to its ancestors', async () => {
      const database = newDatabase();
      await using store = await open(database);
      const environment = (env: string, parent: string | null) =>
        ({ collection: 'environments', key: `o/${env}`, body: { org: 'o', env, parent } }) as const;
      await store.commit({
        guards: [],
        puts: [environment('base', null), environment('child', 'base'), environment('grandchild', 'child')],
        removes: [],
        appends: [],
      });
      const start = `environments/${documentKey('o/grandchild')}`;
      const cursor = await driver(database).query<string>(aql`
      WITH environments
      FOR v IN 1..16 OUTBOUND ${start} GRAPH ${lineageGraph}
        OPTIONS { order: "bfs" }
        RETURN v.key`);
      expect(await cursor.all()).toEqual(['o/child', 'o/base']);
    });
  },
);

/** Whether something listens where a container engine would; asks nothing of it. */
async function dockerAnswers(): Promise<boolean> {
  const path = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
  if (/^tcp:/.test(path)) return true;
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
