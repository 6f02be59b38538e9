import { expect, test } from 'vitest';
import { evolveInventory, foldInventory } from './inventory.ts';
import type { InstanceRecord, JournalEvent } from './journal.ts';

const instance = (id: string): InstanceRecord => ({
  id,
  service: 'web',
  runDigest: 'sha256:00',
  pid: 1,
  startTime: '1',
  bootId: 'b',
  ports: { http: 1 },
  epoch: 1,
});
const started = (id: string): JournalEvent => ({
  type: 'done',
  job: `workload:${id}`,
  result: { kind: 'instance', instance: instance(id) },
});

test('foldInventory() holds what was started and not removed or lost, sorted by id', () => {
  const events: JournalEvent[] = [
    started('b'),
    started('a'),
    started('c'),
    { type: 'done', job: 'removals', result: { kind: 'removed', instances: ['b'] } },
    { type: 'lost', instance: 'c', service: 'web', orderly: false, reason: 'ended' },
  ];
  expect(foldInventory(events).instances.map(({ id }) => id)).toEqual(['a']);
});

test('evolveInventory() replaces an instance that is recorded twice', () => {
  const inventory = foldInventory([started('a'), started('a')]);
  expect(inventory.instances).toHaveLength(1);
});

test('evolveInventory() puts an instance in its place, in whatever order they were started', () => {
  const ids = ['d', 'a', 'e', 'c', 'b', 'c', 'f'];
  const { instances } = foldInventory(ids.map(started));
  expect(instances.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

test('evolveInventory() takes listeners as a whole set', () => {
  const listener = (service: string, listenPort: number) => ({ service, port: 'http', host: '127.0.0.1', listenPort });
  const first = evolveInventory(foldInventory([]), {
    type: 'done',
    job: 'scope',
    result: { kind: 'listeners', listeners: [listener('web', 1), listener('cart', 2)] },
  });
  const second = evolveInventory(first, {
    type: 'done',
    job: 'scope',
    result: { kind: 'listeners', listeners: [listener('web', 1)] },
  });
  expect(first.listeners.map(({ service }) => service)).toEqual(['cart', 'web']);
  expect(second.listeners.map(({ service }) => service)).toEqual(['web']);
});

test('evolveInventory() is not moved by intents, failures and ends', () => {
  const before = foldInventory([started('a')]);
  for (const event of [
    { type: 'failed', job: 'x', reason: 'r' },
    { type: 'finished', outcome: 'ready', reason: 'r' },
  ] as const)
    expect(evolveInventory(before, event)).toBe(before);
});
