import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { done } from './bus.ts';
import { Unavailable } from './bus-error.ts';
import { connectTestBus, openTestBus } from './testing/test-bus.ts';
import { addDurable, bodyOf, draft } from './testing/test-messages.ts';

let opened: Awaited<ReturnType<typeof openTestBus>>;
beforeAll(async () => {
  opened = await openTestBus();
});
afterAll(() => opened[Symbol.asyncDispose]());

test('a bus that stops with 50 messages in its hands strands none', async () => {
  const { durable, org } = await addDurable(opened.graph);
  await draft(opened.graph, org, 'shop', 60);
  const stopping = await connectTestBus(opened.server, 'resolver');
  const { promise: slow, resolve: finish } = Promise.withResolvers<void>();
  let begun = 0;
  let ended = 0;
  await stopping.consume(
    durable,
    async () => {
      begun += 1;
      await slow;
      ended += 1;
      return done;
    },
    { concurrency: 16 },
  );
  await eventually(async () => ((await opened.graph.durableState(durable))?.unsettled ?? 0) >= 50);

  const stopped = stopping[Symbol.asyncDispose]();
  const startedAt = performance.now();
  const handled = new Set<number>();
  await using _next = await opened.graph.consume(durable, async (message) => {
    handled.add(bodyOf(message).generation);
    return done;
  });
  await eventually(() => handled.size === 59);
  expect(performance.now() - startedAt).toBeLessThan(durable.ackWaitMs / 3); // free at once, not after the ack wait
  expect({ begun, ended }).toEqual({ begun: 1, ended: 0 });

  finish();
  await stopped;
  expect({ begun, ended }).toEqual({ begun: 1, ended: 1 });
  expect(stopping.state()).toBe('closed');
  expect(handled.has(1)).toBe(false);
  await eventually(async () => (await opened.graph.durableState(durable))?.unsettled === 0);
});

test('a bus that stops while messages pour in strands none', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const rounds = 5;
  const handled = new Set<string>();
  let published = 0;
  let pouring = true;
  const pour = async (env: string): Promise<void> => {
    for (let generation = 1; pouring; generation += 1) {
      await draft(opened.graph, org, env, generation, generation);
      published += 1;
    }
  };
  const pours = ['a', 'b', 'c', 'd'].map(pour);
  for (let round = 0; round < rounds; round += 1) {
    const bus = await connectTestBus(opened.server, 'resolver');
    const before = handled.size;
    await bus.consume(durable, async (message) => {
      handled.add(message.id);
      return done;
    });
    await eventually(() => handled.size > before + 20);
    await bus[Symbol.asyncDispose]();
  }
  pouring = false;
  await Promise.all(pours);

  const startedAt = performance.now();
  await using _last = await opened.graph.consume(durable, async (message) => {
    handled.add(message.id);
    return done;
  });
  await eventually(() => handled.size === published);
  await eventually(async () => (await opened.graph.durableState(durable))?.unsettled === 0);
  expect(performance.now() - startedAt).toBeLessThan(durable.ackWaitMs / 3);
});

test('a bus that stops in an outage hands back what it holds', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const stopping = await connectTestBus(opened.server, 'resolver');
  let asked = 0;
  await stopping.consume(durable, async () => {
    asked += 1;
    throw new Unavailable('the store');
  });
  await draft(opened.graph, org, 'shop', 1);
  await eventually(() => asked > 0);

  await stopping[Symbol.asyncDispose]();

  const handled: number[] = [];
  await using _next = await opened.graph.consume(durable, async (message) => {
    handled.push(message.deliveries);
    return done;
  });
  await eventually(() => handled.length === 1);
  expect(handled).toEqual([2]);
});

test('a bus whose server is gone stops all the same', async () => {
  await using gone = await openTestBus();
  const { durable } = await addDurable(gone.graph);
  const bus = await connectTestBus(gone.server, 'resolver');
  // One after the other, as a service gives back what it owns.
  const consumptions = await Promise.all(Array.from({ length: 8 }, () => bus.consume(durable, async () => done)));
  for (const consumption of consumptions) await consumption.bound;
  await gone.server.stop();
  await eventually(() => bus.state() === 'reconnecting');

  const startedAt = performance.now();
  for (const consumption of consumptions) await consumption[Symbol.asyncDispose]();
  await bus[Symbol.asyncDispose]();
  expect(performance.now() - startedAt).toBeLessThan(5_000); // less than one wait for an answer that cannot come
  expect(bus.state()).toBe('closed');
});
