import { expect, test } from 'vitest';
import { durationText, estimateText } from './estimate.ts';

test('estimateText() says how long, along which jobs, and of how many nothing is known', () => {
  const estimate = { ms: 12_000, path: ['workload:a', 'readiness:a'], jobs: {}, unknown: 1, runs: 4 };
  expect(estimateText(estimate)).toBe(
    'about 12 s, critical path workload:a → readiness:a; beside 1 job that nothing is known about',
  );
  expect(estimateText({ ...estimate, ms: 0, path: [], unknown: 0 })).toBe('about 0 ms');
  expect(estimateText(null)).toBe('no estimate: nothing like it was executed before');
});

test('durationText() is as exact as its size asks for', () => {
  const times = [80, 1_000, 1_540, 9_960, 59_400, 60_000, 185_000];
  expect(times.map(durationText)).toEqual(['80 ms', '1 s', '1.5 s', '10 s', '59 s', '1 min', '3 min 5 s']);
});
