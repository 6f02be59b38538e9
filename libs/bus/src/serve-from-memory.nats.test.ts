import { defineRequest } from '@microstax/contracts/request-contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveFromMemory } from './serve-from-memory.ts';
import { connectTestBus, openTestBus } from './testing/test-bus.ts';

const look = defineRequest<{ readonly name: string }, { readonly by: string; readonly asked: string }>(
  'resolver',
  'look',
  'Looks it up',
);

let opened: Awaited<ReturnType<typeof openTestBus>>;
beforeAll(async () => {
  opened = await openTestBus();
});
afterAll(() => opened[Symbol.asyncDispose]());

const answering = (by: string) => (request: Uint8Array, org: string) =>
  Buffer.from(JSON.stringify({ ok: true, value: { by, asked: `${org} ${Buffer.from(request).toString()}` } }));

test('replicas share the requests, each answered once and without a span of theirs; what is disposed of hears no more', async () => {
  await using one = await connectTestBus(opened.server, 'resolver');
  await using other = await connectTestBus(opened.server, 'resolver');
  await using asking = await connectTestBus(opened.server, 'cli');
  const first = await serveFromMemory(one, look, answering('one'));
  await serveFromMemory(other, look, answering('other'));

  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, index) => asking.request(look, 'acme', { name: String(index) })),
  );
  expect(new Set(replies.map(({ by }) => by))).toEqual(new Set(['one', 'other']));
  expect(replies.map(({ asked }) => asked)).toEqual(replies.map((_, index) => `acme {"name":"${index}"}`));
  expect(await one.spans()).toEqual([]);

  const underWay = Array.from({ length: 200 }, () => asking.request(look, 'acme', { name: 'y' }));
  await first[Symbol.asyncDispose]();
  expect((await Promise.all(underWay)).length).toBe(200); // none is lost on its way to who ends
  const later = await Promise.all(Array.from({ length: 20 }, () => asking.request(look, 'acme', { name: 'x' })));
  expect(new Set(later.map(({ by }) => by))).toEqual(new Set(['other']));
});
