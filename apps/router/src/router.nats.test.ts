import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap } from '@microstax/bus/bootstrap';
import type { Bucket, Bus } from '@microstax/bus/bus';
import { openIncarnation } from '@microstax/bus/incarnation';
import { connectTestBus, openTestBus } from '@microstax/bus/testing/test-bus';
import { confirmRoutes, idleEndpoints, scope } from '@microstax/contracts/router-requests';
import { buckets } from '@microstax/contracts/topology';
import type { ListenerRecord } from '@microstax/model/journal';
import type { RouteTable } from '@microstax/model/route-table';
import { silentLog } from '@microstax/service/log';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { expect, test } from 'vitest';
import { startRouter } from './service.ts';
import { call } from './testing/calls.ts';
import { aFreePort, startInstance } from './testing/instances.ts';
import { shopAt } from './testing/router.ts';
import { aTable } from './testing/tables.ts';

const org = 'default';
const wanted = [{ service: 'web', port: 'http', protocol: 'http', preferredPort: null }] as const;
const start = (natsUrl: string): Promise<AsyncDisposable> =>
  startRouter({ natsUrl, org, logLevel: 'silent' }, { log: silentLog });

test('a router opens what scope asks for, routes by the bucket, confirms its revision and reports idleness', async () => {
  await using bus = await openTestBus();
  const { gate, opened } = aGate();
  await using one = await startInstance('one', async (incoming, outgoing) => {
    if (incoming.url === '/slow') await opened;
    outgoing.end();
  });
  await using two = await startInstance('two');
  await using _router = await start(bus.server.url);
  const asked = aRuntime(bus.graph, await theRouters(bus.graph, 1));
  const routes = await bus.graph.bucket(buckets.routes);

  const [listener] = await asked.scope();
  expect(await asked.scope()).toEqual([listener]);
  const port = listener?.listenPort ?? 0;
  expect((await call(port)).status).toBe(503);

  await asked.put(routes, shopAt([one.port], { listeners: [listener as ListenerRecord] }));
  const slow = call(port, { path: '/slow' });
  await eventually(() => one.requests() === 1);
  await asked.put(routes, moved(shopAt([two.port], { generation: 2, listeners: [listener as ListenerRecord] })));
  expect((await call(port)).headers).toMatchObject({ 'x-served-by': 'two', 'x-msx-target': 'shop/web' });
  expect(await asked.idle(['web-0'], 50)).toEqual({ idle: false, open: 1 });
  const idle = asked.idle(['web-0'], 10_000);
  gate();
  expect(await idle).toEqual({ idle: true, open: 0 });
  expect((await slow).headers['x-served-by']).toBe('one');

  const never = { org, env: 'shop', revision: 1_000, timeoutMs: 50 };
  const [id = ''] = await bus.graph.routers();
  expect(await bus.graph.requestRouter(confirmRoutes, id, never)).toMatchObject({ confirmed: false });
  await routes.delete('default.shop');
  await eventually(async () => (await call(port)).status === 503);
});

test('a router of another organisation stands in nobody’s way', async () => {
  await using bus = await openTestBus();
  await using _router = await start(bus.server.url);
  const [id = ''] = await theRouters(bus.graph, 1);
  const about = { org: 'other', env: 'shop', timeoutMs: 10_000 };
  const ask = bus.graph;
  expect(await ask.requestRouter(scope, id, { ...about, wanted, keep: [] })).toEqual({ listeners: [] });
  expect(await ask.requestRouter(confirmRoutes, id, { ...about, revision: 7 })).toMatchObject({ confirmed: true });
  expect(await ask.requestRouter(idleEndpoints, id, { ...about, instances: ['a'] })).toMatchObject({ idle: true });
});

test('a router that starts reads all keys before it listens, and listens where it did', async () => {
  await using bus = await openTestBus();
  await using web = await startInstance('web');
  const routes = await bus.graph.bucket(buckets.routes);
  const listeners = await Promise.all(
    ['shop', 'team'].map(async () => ({ ...wanted[0], listenPort: await aFreePort() })),
  );
  const [ofShop, ofTeam] = listeners.map(({ service, port, listenPort }) => ({
    service,
    port,
    host: '127.0.0.1',
    listenPort,
  })) as [ListenerRecord, ListenerRecord];
  // The overlay's key comes first; what it inherits is in a later one.
  await routes.put('default.team', aTable('team', { root: 'shop', records: { web: 'shop' }, listeners: [ofTeam] }));
  for (let index = 0; index < 50; index++) await routes.put(`default.env-${index}`, aTable(`env-${index}`));
  await routes.put('default.shop', shopAt([web.port], { listeners: [ofShop] }));
  await routes.put('other.shop', shopAt([1], { listeners: [ofShop] }));

  for (let time = 0; time < 2; time++) {
    await using router = await start(bus.server.url);
    const answers = await Promise.all([ofShop, ofTeam].map(({ listenPort }) => call(listenPort)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1]?.headers['x-msx-reason']).toBe('baseline; no context, listener of team');
    await router[Symbol.asyncDispose]();
  }
});

test('a listener whose port is a stranger’s by now is opened at another one', async () => {
  await using bus = await openTestBus();
  const stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port: taken } = stranger.address() as { port: number };
  const record = { service: 'web', port: 'http', host: '127.0.0.1', listenPort: taken };
  await (await bus.graph.bucket(buckets.routes)).put('default.shop', shopAt([1], { listeners: [record] }));
  await using _router = await start(bus.server.url);
  const [listener] = await aRuntime(bus.graph, await theRouters(bus.graph, 1)).scope();
  expect(listener?.listenPort).not.toBe(taken);
  await new Promise((resolve) => stranger.close(resolve));
});

test('two routers both confirm, and both route', async () => {
  await using bus = await openTestBus();
  await using web = await startInstance('web');
  await using _one = await start(bus.server.url);
  await using _two = await start(bus.server.url);
  const ids = await theRouters(bus.graph, 2);
  const asked = aRuntime(bus.graph, ids);
  const listeners = await asked.scope();
  expect(new Set(listeners.map(({ listenPort }) => listenPort)).size).toBe(2);
  await asked.put(await bus.graph.bucket(buckets.routes), shopAt([web.port], { listeners }));
  for (const { listenPort } of listeners) expect((await call(listenPort)).status).toBe(200);
});

test('a router goes on with its tables while the bus is away, and takes new ones from the bus that comes back empty', async () => {
  await using lost = await temporaryFolder();
  await using empty = await temporaryFolder();
  await using first = await startTestNats({ storeDir: lost.path });
  await using graph = await connectTestBus(first, 'graph');
  await bootstrap(graph);
  await openIncarnation(graph, 1, 'test');
  await using one = await startInstance('one');
  await using two = await startInstance('two');
  await using _router = await start(first.url);
  const before = aRuntime(graph, await theRouters(graph, 1));
  const [listener] = (await before.scope()) as [ListenerRecord];
  const routes = await graph.bucket(buckets.routes);
  for (let generation = 1; generation < 5; generation++)
    await before.put(routes, shopAt([one.port], { epoch: 3, generation, listeners: [listener] }));

  first.kill('SIGKILL');
  await first.exited;
  expect((await call(listener.listenPort)).headers['x-served-by']).toBe('one');
  await using _server = await startTestNats({ storeDir: empty.path, port: first.port });
  await eventually(() => graph.state() === 'connected');
  await bootstrap(graph);
  await openIncarnation(graph, 2, 'the bus forgot');
  // Its revisions count from 1 again: what the router has of the old bus must not confirm them.
  const after = aRuntime(graph, await theRouters(graph, 1));
  expect((await call(listener.listenPort)).headers['x-served-by']).toBe('one');
  await after.put(routes, moved(shopAt([two.port], { epoch: 3, generation: 5, listeners: [listener] })));
  expect((await call(listener.listenPort)).headers['x-served-by']).toBe('two');
  expect(await after.scope()).toEqual([listener]);
});

async function theRouters(bus: Bus, count: number): Promise<readonly string[]> {
  return eventually(async () => {
    const ids = await bus.routers();
    return ids.length === count && ids;
  });
}

/** What the runtime asks of all routers. */
function aRuntime(bus: Bus, ids: readonly string[]) {
  const about = { org, env: 'shop' };
  return {
    scope: async (): Promise<readonly ListenerRecord[]> => {
      const replies = ids.map((id) => bus.requestRouter(scope, id, { ...about, wanted, keep: [] }));
      return (await Promise.all(replies)).flatMap(({ listeners }) => listeners);
    },
    put: async (routes: Bucket, table: RouteTable): Promise<void> => {
      const revision = await routes.put(`${table.org}.${table.env}`, table);
      const request = { ...about, revision, timeoutMs: 10_000 };
      const replies = await Promise.all(
        ids.map((id) => bus.requestRouter(confirmRoutes, id, request, { timeoutMs: 15_000 })),
      );
      expect(replies.every(({ confirmed }) => confirmed)).toBe(true);
    },
    idle: (instances: readonly string[], timeoutMs: number) =>
      bus.requestRouter(idleEndpoints, ids[0] ?? '', { ...about, instances, timeoutMs }, { timeoutMs: 15_000 }),
  };
}

/** The same with other instances, as after a replacement. */
function moved(table: RouteTable): RouteTable {
  return { ...table, endpoints: table.endpoints.map((one) => ({ ...one, instance: `${one.instance}-new` })) };
}

function aGate(): { gate: () => void; opened: Promise<void> } {
  const { promise: opened, resolve: gate } = Promise.withResolvers<void>();
  return { gate, opened };
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'msx-router-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
