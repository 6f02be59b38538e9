import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import { defineRequest } from '@microstax/contracts/request-contract';
import { buckets, durables, streams } from '@microstax/contracts/topology';
import type { RunningNatsServer } from '@microstax/service/nats-server';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { expect, test } from 'vitest';
import { bootstrap } from './bootstrap.ts';
import { done, endpoint, type Message } from './bus.ts';
import { openIncarnation, watchIncarnation } from './incarnation.ts';
import { connectTestBus } from './testing/test-bus.ts';
import { bodyOf, draft, drafted } from './testing/test-messages.ts';

const greet = defineRequest<{ readonly name: string }, { readonly text: string }>('planner', 'greet', 'Greets');

test('consuming, watching and serving go on after the server was killed and started again', async () => {
  await using store = await temporaryFolder();
  const first = await startTestNats({ storeDir: store.path });
  await using graph = await connectTestBus(first, 'graph');
  await bootstrap(graph);
  await openIncarnation(graph, 1, 'test');
  await using resolver = await connectTestBus(first, 'resolver');
  const handled = new Set<number>();
  await resolver.consume(durables.resolverDrafted, async (message) => {
    handled.add(bodyOf(message).generation);
    return done;
  });
  const seen: unknown[] = [];
  const bucket = await graph.bucket(buckets.environments);
  await bucket.watch({ onEntry: ({ value }) => seen.push(value) });
  await draft(graph, 'default', 'shop', 10);
  await eventually(() => handled.size === 10);

  const createdAt = (await graph.streamState(streams.events.name))?.createdAt;
  let reconnects = 0;
  resolver.onReconnect(() => {
    reconnects += 1;
  });
  const said: Promise<unknown>[] = [];
  await using server = await killAndStart(first, store.path, () => {
    said.push(draft(graph, 'default', 'shop', 15, 11)); // into the outage
  });
  await Promise.all(said);
  const startedAt = performance.now();
  await draft(graph, 'default', 'shop', 20, 16);
  await eventually(() => handled.size === 20);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  await bucket.put('default.shop', 'after');
  await eventually(() => seen.includes('after'));

  expect(reconnects).toBe(1);
  expect(server.port).toBe(first.port);
  expect(await graph.streamState(streams.events.name)).toMatchObject({ lastSequence: 20, createdAt });
});

test('after the bus forgot everything services wait for the new incarnation, then bind and watch again', async () => {
  await using lost = await temporaryFolder();
  await using empty = await temporaryFolder();
  const first = await startTestNats({ storeDir: lost.path });
  await using graph = await connectTestBus(first, 'graph');
  await bootstrap(graph);
  await openIncarnation(graph, 1, 'test');
  await using resolver = await connectTestBus(first, 'resolver');
  const heard: Message[] = [];
  const { promise: slow, resolve: finish } = Promise.withResolvers<void>();
  await resolver.consume(durables.resolverDrafted, async (message) => {
    if (message.incarnation === 1) await slow;
    heard.push(message);
    return done;
  });
  const seen: unknown[] = [];
  const routes = await resolver.bucket(buckets.routes);
  await routes.watch({ onEntry: ({ value }) => seen.push(value) });
  const incarnations: number[] = [];
  await watchIncarnation(resolver, (incarnation) => incarnations.push(incarnation));
  await graph.publish(planDrafted, drafted('default', 'shop', 1), { inputId: 'before' });
  await eventually(() => incarnations.length === 1);
  await eventually(async () => (await graph.durableState(durables.resolverDrafted))?.unsettled === 1);
  const openedAt = Date.parse((await graph.durableState(durables.resolverDrafted))?.createdAt ?? '');
  await eventually(() => Date.now() - openedAt > 1_000); // consumers are told apart by a second

  await using _server = await killAndStart(first, empty.path);
  await eventually(() => graph.state() === 'connected' && resolver.state() === 'connected');
  const report = await bootstrap(graph);
  expect(report.created).toContain(streams.events.name);
  await graph.publish(planDrafted, drafted('default', 'shop', 2), { inputId: 'after' }); // takes sequence 1 again
  await openIncarnation(graph, 2, 'the bus forgot');
  await eventually(() => heard.length === 1);
  finish(); // its ack would settle sequence 1 of the new stream
  await eventually(() => heard.length === 2);
  await (await graph.bucket(buckets.routes)).put('default.shop', 'again');
  await eventually(() => seen.includes('again'));

  expect(heard.map(({ incarnation, sequence }) => [incarnation, sequence])).toEqual([
    [2, 1],
    [1, 1],
  ]);
  expect(incarnations).toEqual([1, 2]);
  expect(await resolver.incarnation()).toBe(2);
  await expect(openIncarnation(graph, 2, 'again')).rejects.toMatchObject({ code: 'conflict' });
});

test('what is asked when the connection is lost is rejected at once, and what is asked meanwhile is answered after it', async () => {
  await using store = await temporaryFolder();
  const first = await startTestNats({ storeDir: store.path });
  await using graph = await connectTestBus(first, 'graph');
  await bootstrap(graph);
  await using planner = await connectTestBus(first, 'planner');
  let asked = 0;
  const late = Promise.withResolvers<void>();
  using _end = { [Symbol.dispose]: () => late.resolve() }; // or the planner could not end
  await planner.serve([
    endpoint(greet, async ({ name }) => {
      asked += 1;
      if (name === 'late') await late.promise;
      return { text: name };
    }),
  ]);
  const underWay = graph.request(greet, 'default', { name: 'late' }).catch((error: unknown) => error);
  await eventually(() => asked === 1);
  const lostAt = performance.now();
  const meanwhile: Promise<unknown>[] = [];
  await using _server = await killAndStart(first, store.path, async () => {
    expect(await underWay).toMatchObject({ code: 'unavailable', again: true });
    const routes = await graph.bucket(buckets.routes);
    // Whoever serves, and the server's own streams, may be back a moment after us.
    meanwhile.push(
      eventually(() => graph.request(greet, 'default', { name: 'Ada' })),
      eventually(async () => (await routes.get('default.shop')) === undefined),
      eventually(() => graph.durableState(durables.resolverDrafted)),
      eventually(async () => (await graph.at(streams.events.name, 1)) === undefined),
    );
  });
  const [reply, , state] = await Promise.all(meanwhile);
  expect(reply).toEqual({ text: 'Ada' });
  expect(state).toMatchObject({ pending: 0 });
  expect(performance.now() - lostAt).toBeLessThan(4_000); // less than one time-out
});

test('a service that starts before the graph binds by itself once the bus is open', async () => {
  await using server = await startTestNats();
  await using resolver = await connectTestBus(server, 'resolver');
  const heard: Message[] = [];
  const consumption = await resolver.consume(durables.resolverDrafted, async (message) => {
    heard.push(message);
    return done;
  });
  const waited = resolver.incarnation();

  await using graph = await connectTestBus(server, 'graph');
  await bootstrap(graph);
  await openIncarnation(graph, 3, 'test');
  await consumption.bound;
  await draft(graph, 'default', 'shop', 1);

  await eventually(() => heard.length === 1);
  expect(await waited).toBe(3);
  expect(heard[0]?.incarnation).toBe(3);
});

test('connectBus() rejects with a sentence where nobody listens, and keeps the password to itself', async () => {
  const server = await startTestNats();
  await server.stop();
  const telemetry = { url: `nats://user:secret@127.0.0.1:${server.port}` };
  const failed = connectTestBus(telemetry, 'cli', 300);
  await expect(failed).rejects.toMatchObject({ code: 'unavailable', again: true });
  await expect(failed).rejects.toThrow(`Cannot connect to the bus at "nats://127.0.0.1:${server.port}"`);
});

async function killAndStart(
  server: RunningNatsServer,
  storeDir: string,
  meanwhile: () => void | Promise<void> = () => {},
): Promise<RunningNatsServer> {
  server.kill('SIGKILL');
  await server.exited;
  await meanwhile();
  return startTestNats({ storeDir, port: server.port });
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'msx-bus-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
