import { defineRequest } from '@microstax/contracts/request-contract';
import { confirmRoutes } from '@microstax/contracts/router-requests';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endpoint } from './bus.ts';
import { BusError, Unavailable } from './bus-error.ts';
import { connectTestBus, openTestBus } from './testing/test-bus.ts';

const greet = defineRequest<{ readonly name: string }, { readonly text: string; readonly by: string }>(
  'planner',
  'greet',
  'Greets',
);
const unheard = defineRequest<null, null>('planner', 'unheard', 'Nobody serves this');

let opened: Awaited<ReturnType<typeof openTestBus>>;
beforeAll(async () => {
  opened = await openTestBus();
});
afterAll(() => opened[Symbol.asyncDispose]());

test('a request is answered by the service, in the trace of who asked', async () => {
  await using planner = await connectTestBus(opened.server, 'planner');
  await using asking = await connectTestBus(opened.server, 'cli');
  await planner.serve([endpoint(greet, async ({ name }, { org }) => ({ text: `${name} of ${org}`, by: 'planner' }))]);

  const reply = await asking.request(greet, 'acme', { name: 'Ada' });

  expect(reply).toEqual({ text: 'Ada of acme', by: 'planner' });
  const [asked] = await asking.spans();
  const served = await eventually(async () =>
    (await planner.spans()).find(({ name }) => name === 'serve planner greet'),
  );
  expect(served).toMatchObject({ traceId: asked?.traceId, parentSpanId: asked?.spanId });
});

test('two replicas share the requests, each answered once', async () => {
  await using one = await connectTestBus(opened.server, 'planner');
  await using other = await connectTestBus(opened.server, 'planner');
  for (const [by, bus] of [
    ['one', one],
    ['other', other],
  ] as const)
    await bus.serve([endpoint(greet, async ({ name }) => ({ text: name, by }))]);

  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, index) => opened.graph.request(greet, 'default', { name: String(index) })),
  );

  expect(replies.map(({ text }) => text)).toEqual(Array.from({ length: 60 }, (_, index) => String(index)));
  expect(new Set(replies.map(({ by }) => by))).toEqual(new Set(['one', 'other']));
});

test('a refusal comes over with its sentence, a defect as "failed", an outage as "unavailable"', async () => {
  await using planner = await connectTestBus(opened.server, 'planner');
  const errors: readonly Error[] = [
    new BusError('refused', 'Cannot greet "Ada": she left'),
    new Error('boom'),
    new Unavailable('the store'),
  ];
  await planner.serve([
    endpoint(greet, ({ name }) => Promise.reject(errors[Number(name)] ?? new Error('no such case'))),
  ]);
  const ask = (name: string) => opened.graph.request(greet, 'default', { name });

  await expect(ask('0')).rejects.toMatchObject({
    code: 'refused',
    message: 'Cannot greet "Ada": she left',
    again: false,
  });
  await expect(ask('1')).rejects.toMatchObject({ code: 'failed', again: false });
  await expect(ask('1')).rejects.toThrow('Cannot answer planner greet: boom');
  await expect(ask('2')).rejects.toMatchObject({ code: 'unavailable', again: true });
});

test('a request that nobody serves is refused with "no-responder", a slow one with "timeout"', async () => {
  await expect(opened.graph.request(unheard, 'default', null)).rejects.toMatchObject({
    code: 'no-responder',
    again: true,
  });

  await using planner = await connectTestBus(opened.server, 'planner');
  const { promise: never, resolve: end } = Promise.withResolvers<{ text: string; by: string }>();
  await planner.serve([endpoint(greet, () => never)]);
  const slow = opened.graph.request(greet, 'default', { name: 'a' }, { timeoutMs: 100 });
  await expect(slow).rejects.toMatchObject({ code: 'timeout', again: true });
  end({ text: '', by: '' });
});

test('endpoints that are disposed are heard no more, their bus lives on', async () => {
  await using planner = await connectTestBus(opened.server, 'planner');
  const served = await planner.serve([endpoint(greet, async () => ({ text: 'a', by: 'b' }))]);
  await served[Symbol.asyncDispose]();

  await expect(opened.graph.request(greet, 'default', { name: 'a' })).rejects.toMatchObject({ code: 'no-responder' });
  expect(planner.state()).toBe('connected');
});

test('routers are discovered by ping and each answers for itself', async () => {
  expect(await opened.graph.routers()).toEqual([]);
  await using one = await connectTestBus(opened.server, 'router');
  await using other = await connectTestBus(opened.server, 'router');
  const first = await one.serveRouter([endpoint(confirmRoutes, async () => ({ confirmed: true, revision: 1 }))]);
  const second = await other.serveRouter([endpoint(confirmRoutes, async () => ({ confirmed: true, revision: 2 }))]);

  const found = await opened.graph.routers();

  expect(found).toEqual([first.id, second.id].sort());
  const ask = (id: string) =>
    opened.graph.requestRouter(confirmRoutes, id, { org: 'default', env: 'a', revision: 1, timeoutMs: 1 });
  expect((await ask(first.id)).revision).toBe(1);
  expect((await ask(second.id)).revision).toBe(2);
  await expect(ask('ABCDEFGHIJKLMNOPQRSTUV')).rejects.toMatchObject({ code: 'no-responder' });
});
