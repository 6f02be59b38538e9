import { headerNames } from '@microstax/contracts/header-names';
import { blueprintSubject, deadLetterSubject } from '@microstax/contracts/subjects';
import { durables, maxPayloadBytes, streams } from '@microstax/contracts/topology';
import { digestOf } from '@microstax/model/digest';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { done, type Message } from './bus.ts';
import { BusError, Unavailable } from './bus-error.ts';
import { connectTestBus, openTestBus } from './testing/test-bus.ts';
import { addDurable, bodyOf, draft } from './testing/test-messages.ts';

let opened: Awaited<ReturnType<typeof openTestBus>>;
beforeAll(async () => {
  opened = await openTestBus();
});
afterAll(() => opened[Symbol.asyncDispose]());

const generationOf = (message: Message): number => bodyOf(message).generation;

test('a body of a plain client has its place as id, and one trace over all of its deliveries', async () => {
  await using intake = await connectTestBus(opened.server, 'intake');
  const heard: Message[] = [];
  await using _consumption = await intake.consume(durables.intakeBlueprint, async (message) => {
    heard.push(message);
    return heard.length < 2 ? { kind: 'later', delayMs: 50, reason: 'its parent is undecided' } : done;
  });

  const subject = blueprintSubject({ org: 'default', env: 'shop' });
  opened.graph.say(subject, new TextEncoder().encode('name: shop'), { traceparent: 'this is none' });

  await eventually(() => heard.length === 2);
  const sequence = heard[0]?.sequence;
  expect(heard.map(({ id }) => id)).toEqual(Array(2).fill(`MSX_SUBMISSIONS:1:${sequence}`));
  expect(heard.map(({ deliveries }) => deliveries)).toEqual([1, 2]);
  const spans = await eventually(async () => {
    const found = (await intake.spans()).filter(({ name }) => name === 'process msx.blueprint.{org}.{env}');
    return found.length === 2 && found;
  });
  const digest = digestOf('trace', { org: 'default', incarnation: 1, sequence }).slice('sha256:'.length);
  expect(spans.map(({ traceId }) => traceId)).toEqual(Array(2).fill(digest.slice(0, 32)));
  expect(spans.map(({ attributes }) => attributes['msx.outcome'])).toEqual(['later', 'done']);
});

test('messages of one environment keep their order and never run at once, while others pass', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const envs = ['a', 'b', 'c', 'd'];
  for (const env of envs) await draft(opened.graph, org, env, 12);
  const order = new Map<string, number[]>(envs.map((env) => [env, []]));
  const running = new Set<string>();
  let overlaps = 0;
  let most = 0;
  let handled = 0;

  await using _consumption = await opened.graph.consume(
    durable,
    async (message) => {
      const { env, generation } = bodyOf(message);
      if (running.has(env)) overlaps += 1;
      running.add(env);
      most = Math.max(most, running.size);
      await new Promise((resolve) => setTimeout(resolve, (generation * 7) % 5));
      order.get(env)?.push(generation);
      running.delete(env);
      handled += 1;
      return done;
    },
    { concurrency: 4 },
  );

  await eventually(() => handled === 48);
  expect(overlaps).toBe(0);
  expect(most).toBeGreaterThan(1);
  for (const env of envs) expect(order.get(env)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('a handler that hangs holds up its own environment alone', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const { promise: hung, resolve: letGo } = Promise.withResolvers<void>();
  const handled: string[] = [];
  await using _consumption = await opened.graph.consume(
    durable,
    async (message) => {
      const { env } = bodyOf(message);
      if (env === 'stuck') await hung;
      handled.push(env);
      return done;
    },
    { concurrency: 2 },
  );
  await draft(opened.graph, org, 'stuck', 4);
  await draft(opened.graph, org, 'fast', 20);

  await eventually(() => handled.length === 20);
  expect(new Set(handled)).toEqual(new Set(['fast']));
  letGo();
  await eventually(() => handled.length === 24);
});

test('a message that waits longer than the ack wait, running or queued, is delivered once', async () => {
  const { durable, org } = await addDurable(opened.graph, { ackWaitMs: 400 });
  const deliveries: number[] = [];
  await using _consumption = await opened.graph.consume(durable, async (message) => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    deliveries.push(message.deliveries);
    return done;
  });
  await draft(opened.graph, org, 'shop', 2);

  await eventually(() => deliveries.length === 2);
  expect(deliveries).toEqual([1, 1]);
  await eventually(async () => (await opened.graph.durableState(durable))?.unsettled === 0);
});

test('a handler that throws once is asked again after a delay, under the same id', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const heard: { id: string; at: number }[] = [];
  await using _consumption = await opened.graph.consume(durable, async (message) => {
    heard.push({ id: message.id, at: performance.now() });
    if (heard.length === 1) throw new Error('once');
    return done;
  });
  await draft(opened.graph, org, 'shop', 1);

  const [first, second] = await eventually(() => heard.length === 2 && heard);
  expect(second?.id).toBe(first?.id);
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(190);
  expect(await deadLetters(org, durable.name)).toEqual([]);
});

test('the delay after a throw grows with the deliveries', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const heard: number[] = [];
  await using _consumption = await opened.graph.consume(durable, async (message) => {
    heard.push(performance.now());
    if (message.deliveries < 3) return { kind: 'later', delayMs: 1, reason: 'not yet' };
    if (message.deliveries === 3) throw new Error('late in its life');
    return done;
  });
  await draft(opened.graph, org, 'shop', 1);

  await eventually(() => heard.length === 4);
  const gaps = heard.slice(1).map((at, index) => at - (heard[index] ?? 0));
  expect(gaps[0]).toBeLessThan(700);
  expect(gaps[2]).toBeGreaterThan(790); // 100 ms × 2³
});

test('a handler that throws twice makes a dead letter with the headers of before and the reason', async () => {
  const { durable, org } = await addDurable(opened.graph);
  await using planner = await connectTestBus(opened.server, 'planner');
  let asked = 0;
  await using _consumption = await opened.graph.consume(durable, async () => {
    asked += 1;
    throw new Error(`cannot read\nthis`);
  });
  const [receipt] = await draft(planner, org, 'shop', 1);

  const [letter] = await eventually(async () => {
    const found = await deadLetters(org, durable.name);
    return found.length > 0 && found;
  });
  expect(asked).toBe(2);
  const [send] = await planner.spans();
  expect(letter?.header('traceparent')?.split('-')[1]).toBe(send?.traceId);
  expect(letter?.header(headerNames.ceType)).toBe('dev.microstax.planner.plan-drafted.v1');
  expect(letter?.header('Nats-Msg-Id')).toBe(`MSX_EVENTS:${receipt?.sequence}:${durable.name}`);
  expect(letter?.headers).toMatchObject({
    [headerNames.deadReason]: 'the handler threw twice: cannot read this',
    [headerNames.deadMessageId]: letter?.header(headerNames.ceId),
    [headerNames.deadSubject]: `msx.evt.planner.${org}.shop.drafted`,
    [headerNames.deadStream]: 'MSX_EVENTS',
    [headerNames.deadSequence]: String(receipt?.sequence),
    [headerNames.deadConsumer]: durable.name,
    [headerNames.deadDeliveries]: '2',
  });
  expect(bodyOf(letter ?? { body: new Uint8Array() }).generation).toBe(1);
  await eventually(async () => (await opened.graph.durableState(durable))?.unsettled === 0);
});

test('a message that its handler calls dead goes to the dead letters at once', async () => {
  const { durable, org } = await addDurable(opened.graph);
  let asked = 0;
  await using _consumption = await opened.graph.consume(durable, async () => {
    asked += 1;
    return { kind: 'dead', reason: 'its body is no JSON' };
  });
  await draft(opened.graph, org, 'shop', 1);

  await eventually(async () => (await deadLetters(org, durable.name)).length === 1);
  expect(asked).toBe(1);
});

test('a poison message as large as the server takes is buried without its body', async () => {
  const { durable, org } = await addDurable(opened.graph);
  await using _consumption = await opened.graph.consume(durable, async () => ({ kind: 'dead', reason: 'too much' }));
  opened.graph.say(`msx.evt.planner.${org}.shop.drafted`, new Uint8Array(maxPayloadBytes - 200));

  const [letter] = await eventually(async () => {
    const found = await deadLetters(org, durable.name);
    return found.length > 0 && found;
  });
  expect(letter?.body.byteLength).toBe(0);
  expect(letter?.header(headerNames.deadReason)).toBe('too much');
});

test('a dead letter that cannot be handled does not come back to the dead letters', async () => {
  const graph = opened.graph;
  const handled: number[] = [];
  await using _consumption = await graph.consume(durables.graphDeadLetter, async (message) => {
    handled.push(message.sequence);
    return { kind: 'dead', reason: 'nobody understands it' };
  });
  const subject = deadLetterSubject('loop', 'MSX_EVENTS', 'somebody');
  const { sequence } = await graph.publishRaw({ subject, body: new Uint8Array() });

  await eventually(() => handled.includes(sequence));
  await eventually(async () => {
    const state = await graph.durableState(durables.graphDeadLetter);
    return state?.unsettled === 0 && state.pending === 0;
  });
  expect((await graph.streamState(streams.deadLetters.name))?.lastSequence).toBe(sequence);
});

test.each([
  ['Unavailable', () => new Unavailable('the store')],
  ['a BusError that trying again can help', () => new BusError('timeout', 'Cannot ask graph for claim: no answer')],
])('an outage (%s) pauses the durable, uses up no delivery, and ends by itself', async (_name, outage) => {
  const { durable, org } = await addDurable(opened.graph, { maxDeliver: 2, ackWaitMs: 900 });
  let away = true;
  let probes = 0;
  let asked = 0;
  const handled: { env: string; generation: number; deliveries: number }[] = [];
  await using _consumption = await opened.graph.consume(
    durable,
    async (message) => {
      asked += 1;
      if (away) throw outage();
      handled.push({ ...bodyOf(message), deliveries: message.deliveries });
      return done;
    },
    {
      probe: async () => {
        probes += 1;
        if (probes === 2) throw new Error('no answer');
        return probes > 3;
      },
      probeMs: 200,
    },
  );
  await draft(opened.graph, org, 'shop', 2);
  await eventually(() => probes === 1);
  await draft(opened.graph, org, 'other', 3);

  await eventually(() => probes === 3);
  expect(asked).toBeLessThanOrEqual(2); // nothing is tried while the probe says no
  expect((await opened.graph.durableState(durable))?.pending).toBeGreaterThanOrEqual(3); // and nothing is pulled
  away = false;
  await eventually(() => handled.length === 5);
  expect(handled.map(({ deliveries }) => deliveries)).toEqual([1, 1, 1, 1, 1]);
  expect(handled.filter(({ env }) => env === 'shop').map(({ generation }) => generation)).toEqual([1, 2]);
  expect(await deadLetters(org, durable.name)).toEqual([]);
});

test('without a probe an outage tries one message each time', async () => {
  const { durable, org } = await addDurable(opened.graph, { maxDeliver: 2 });
  let asked = 0;
  const deliveries: number[] = [];
  await using _consumption = await opened.graph.consume(
    durable,
    async (message) => {
      asked += 1;
      if (asked <= 4) throw new Unavailable('the store');
      deliveries.push(message.deliveries);
      return done;
    },
    { probeMs: 200 },
  );
  const startedAt = performance.now();
  await draft(opened.graph, org, 'shop', 3);

  await eventually(() => deliveries.length === 3);
  expect(performance.now() - startedAt).toBeGreaterThan(700);
  expect(deliveries).toEqual([1, 1, 1]);
  expect(asked).toBe(4 + 3);
});

test('the gate can hold one message of an environment and pass the next', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const handled: number[] = [];
  await using _consumption = await opened.graph.consume(
    durable,
    async (message) => {
      handled.push(generationOf(message));
      return done;
    },
    { gate: (message) => (generationOf(message) === 7 ? held : Promise.resolve()) },
  );
  await draft(opened.graph, org, 'shop', 8, 7);

  await eventually(() => handled.length === 1);
  expect(handled).toEqual([8]);
  release();
  await eventually(() => handled.length === 2);
  expect(handled).toEqual([8, 7]);
});

test('pause() pulls nothing more, resume() goes on', async () => {
  const { durable, org } = await addDurable(opened.graph);
  const handled: number[] = [];
  await using consumption = await opened.graph.consume(durable, async (message) => {
    handled.push(generationOf(message));
    return done;
  });
  await draft(opened.graph, org, 'shop', 1);
  await eventually(() => handled.length === 1);
  consumption.pause();
  await draft(opened.graph, org, 'shop', 3, 2);
  await eventually(async () => (await opened.graph.durableState(durable))?.pending === 2);
  expect(handled).toEqual([1]);

  consumption.resume();
  await eventually(() => handled.length === 3);
  expect(handled).toEqual([1, 2, 3]);
});

test('two replicas share a durable and every message is handled once', async () => {
  const { durable, org } = await addDurable(opened.graph);
  await using one = await connectTestBus(opened.server, 'resolver');
  await using other = await connectTestBus(opened.server, 'resolver');
  const handled: string[] = [];
  const by = new Map<string, number>();
  for (const [name, bus] of [
    ['one', one],
    ['other', other],
  ] as const)
    await bus.consume(durable, async (message) => {
      handled.push(message.id);
      by.set(name, (by.get(name) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return done;
    });
  for (let env = 0; env < 10; env += 1) await draft(opened.graph, org, `env-${env}`, 5);

  await eventually(() => handled.length === 50);
  expect(new Set(handled).size).toBe(50);
  expect([...by.keys()].sort()).toEqual(['one', 'other']);
});

function deadLetters(org: string, durable: string) {
  return opened.graph.read(streams.deadLetters.name, { filter: deadLetterSubject(org, 'MSX_EVENTS', durable) });
}
