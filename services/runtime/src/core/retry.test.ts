import { expect, test } from 'vitest';
import { retryBudget, retryDelayMs } from './retry.ts';

test('retryDelayMs() doubles and is bounded', () => {
  expect([0, 1, 2, 3, 20].map(retryDelayMs)).toEqual([100, 100, 200, 400, 5_000]);
});

test('retryBudget() lets an awaited provider fail at once and a router take its time', () => {
  expect(retryBudget('await').attemptsMax).toBe(1);
  expect(retryBudget('scope').attemptsMax).toBeGreaterThan(3);
});
