import { expect, test } from 'vitest';
import { criticalPath, jobStages } from './job-stages.ts';
import type { Job } from './plan.ts';

const job = (id: string, ...after: string[]): Job => ({ id, kind: 'workload', after, reason: id });
const jobs = [job('a'), job('b'), job('c', 'a'), job('d', 'a', 'b'), job('e', 'd')];

test('jobStages() puts a job behind everything that it waits for, and no later', () => {
  expect(jobStages(jobs).map((stage) => stage.map(({ id }) => id))).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  expect(jobStages([])).toEqual([]);
});

test('criticalPath() is the chain with most jobs, or the one that takes longest where that is known', () => {
  expect(criticalPath(jobs)).toMatchObject({ weight: 3, jobs: [{ id: 'a' }, { id: 'd' }, { id: 'e' }] });
  const weights: Record<string, number> = { a: 5, b: 9, c: 20, d: 1, e: 1 };
  expect(criticalPath(jobs, ({ id }) => weights[id] ?? 0)).toMatchObject({
    weight: 25,
    jobs: [{ id: 'a' }, { id: 'c' }],
  });
  expect(criticalPath([])).toEqual({ jobs: [], weight: 0 });
});
