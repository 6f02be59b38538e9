import { buckets } from '@microstax/contracts/topology';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BucketEntry } from './bus.ts';
import { connectTestBus, openTestBus } from './testing/test-bus.ts';

let opened: Awaited<ReturnType<typeof openTestBus>>;
beforeAll(async () => {
  opened = await openTestBus();
});
afterAll(() => opened[Symbol.asyncDispose]());

test('put() with a revision is a compare-and-set, with 0 the key must be absent', async () => {
  const bucket = await opened.graph.bucket(buckets.routes);

  const first = await bucket.put('default.a', { epoch: 1 }, 0);
  await expect(bucket.put('default.a', { epoch: 1 }, 0)).rejects.toMatchObject({ code: 'conflict', again: false });
  const second = await bucket.put('default.a', { epoch: 2 }, first);
  await expect(bucket.put('default.a', { epoch: 3 }, first)).rejects.toMatchObject({ code: 'conflict' });

  expect(await bucket.get('default.a')).toEqual({ key: 'default.a', value: { epoch: 2 }, revision: second });
  await bucket.delete('default.a');
  expect(await bucket.get('default.a')).toBeUndefined();
  expect(await bucket.put('default.a', { epoch: 4 }, 0)).toBeGreaterThan(second);
  expect(await bucket.keys()).toEqual(['default.a']);
});

test('eight writers that race lose no update', async () => {
  const bucket = await opened.graph.bucket(buckets.routes);
  await bucket.put('default.race', 0);
  let conflicts = 0;
  const add = async (): Promise<void> => {
    for (;;) {
      const entry = await bucket.get<number>('default.race');
      try {
        await bucket.put('default.race', (entry?.value ?? 0) + 1, entry?.revision);
        return;
      } catch (error) {
        expect(error).toMatchObject({ code: 'conflict' });
        conflicts += 1;
      }
    }
  };

  await Promise.all(Array.from({ length: 8 }, add));

  expect((await bucket.get<number>('default.race'))?.value).toBe(8);
  expect(conflicts).toBeGreaterThan(0);
});

test('watch() gives the present values, says when these are over, then every change', async () => {
  await using runtime = await connectTestBus(opened.server, 'runtime');
  const written = await runtime.bucket(buckets.environments);
  await written.put('default.a', 1);
  await written.put('default.b', 2);
  const bucket = await opened.graph.bucket(buckets.environments);
  const seen: (readonly [string, unknown])[] = [];
  let newest = 0;
  // Where the incarnation is heard of only now, the watch begins anew and says again what it said: that counts once.
  const onEntry = ({ key, value, revision }: BucketEntry<unknown>): void => {
    if (revision <= newest) return;
    newest = revision;
    seen.push([key, value]);
  };
  let currentAfter = -1;
  let times = 0;
  const watch = await bucket.watch({
    onEntry,
    onCurrent: () => {
      currentAfter = seen.length;
      times += 1;
    },
  });
  await eventually(() => currentAfter === 2);

  await written.put('default.a', 3);
  await written.delete('default.b');
  await eventually(() => seen.length === 4);

  expect(seen).toEqual([
    ['default.a', 1],
    ['default.b', 2],
    ['default.a', 3],
    ['default.b', undefined],
  ]);
  expect(times).toBe(1);
  await watch[Symbol.asyncDispose]();
  await written.put('default.a', 4);
  await eventually(async () => (await bucket.get('default.a'))?.value === 4);
  expect(seen).toHaveLength(4);
});

test('watch() of one key sees that key, and of an absent one says at once that it is current', async () => {
  const bucket = await opened.graph.bucket(buckets.environments);
  const seen: unknown[] = [];
  let current = false;
  await using _watch = await bucket.watch<number>({
    key: 'default.only',
    onEntry: ({ value }) => seen.push(value),
    onCurrent: () => {
      current = true;
    },
  });
  expect(current).toBe(true);
  await bucket.put('default.other', 1);
  await bucket.put('default.only', 2);
  await eventually(() => seen.length > 0);
  expect(seen).toEqual([2]);
});

test('a listener that throws does not end its watch', async () => {
  const bucket = await opened.graph.bucket(buckets.environments);
  const seen: unknown[] = [];
  await using _watch = await bucket.watch<number>({
    key: 'default.throws',
    onEntry: ({ value }) => {
      seen.push(value);
      throw new Error('listener');
    },
  });
  await bucket.put('default.throws', 1);
  await bucket.put('default.throws', 2);
  await eventually(() => seen.length === 2);
});
