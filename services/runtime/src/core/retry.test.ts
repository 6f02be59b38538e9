import { expect, test } from 'vitest';
import { retryBudget, retryDelayMs } from './retry.ts';

test('retryDelayMs() doubles and is bounded', () => {
  expect([0, 1, 2, 3, 20].map((attempt) => retryDelayMs('routes', attempt))).toEqual([100, 100, 200, 400, 5_000]);
});

test('a scope looks for a router that is just starting many times a second, and for more than ten seconds', () => {
  const { attemptsMax } = retryBudget('scope');
  const pauses = Array.from({ length: attemptsMax - 1 }, (_, index) => retryDelayMs('scope', index + 1));
  const askingMs = 250; // a ping waits so long for answers
  expect(Math.max(...pauses)).toBeLessThanOrEqual(200);
  expect(pauses.reduce((sum, ms) => sum + askingMs + ms, 0)).toBeGreaterThan(10_000);
});

test('retryBudget() lets an awaited provider fail at once and a router take its time', () => {
  expect(retryBudget('await').attemptsMax).toBe(1);
  expect(retryBudget('scope')).toMatchObject({ spanMsMax: 40_000 });
  expect(retryBudget('removals').spanMsMax).toBe(Number.POSITIVE_INFINITY);
});
