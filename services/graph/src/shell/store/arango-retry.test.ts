import { expect, test } from 'vitest';
import { defaultRetry, retry } from './arango-retry.ts';

const hasty = { ...defaultRetry, restMs: 0 };
const failing = (failures: number) => {
  let calls = 0;
  return Object.assign(async () => (++calls > failures ? calls : Promise.reject(new Error(`failure ${calls}`))), {
    calls: () => calls,
  });
};

test('retry() does the work again while its error is passing', async () => {
  expect(await retry(failing(3), () => true, hasty)).toBe(4);
});

test('retry() ends at once on an error that does not pass', async () => {
  const work = failing(3);
  await expect(retry(work, () => false, hasty)).rejects.toThrow('failure 1');
  expect(work.calls()).toBe(1);
});

test('retry() rejects with the last error when its budget is used up', async () => {
  const work = failing(99);
  await expect(retry(work, () => true, { ...hasty, attemptsMax: 5 })).rejects.toThrow('failure 5');
  expect(work.calls()).toBe(5);
});

test('retry() begins no attempt after its time', async () => {
  const work = failing(99);
  const policy = { ...defaultRetry, restMs: 60_000, restMsMax: 60_000, random: () => 1, withinMs: 1_000 };
  await expect(retry(work, () => true, policy)).rejects.toThrow('failure 1');
  expect(work.calls()).toBe(1);
});

test('retry() rests for a random share of a time that doubles up to its bound', async () => {
  const shares: number[] = [];
  const random = (): number => {
    shares.push(1);
    return 0;
  };
  await expect(retry(failing(99), () => true, { ...defaultRetry, random })).rejects.toThrow('failure 30');
  expect(shares).toHaveLength(30);
});
