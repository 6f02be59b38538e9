import { expect, test } from 'vitest';
import type { Digest } from './digest.ts';
import { estimateJobs, type LearntDuration, median } from './estimate.ts';
import type { Job, JobKind } from './plan.ts';

const run = (name: string): Digest => `sha256:${name}` as Digest;
const job = (id: string, after: readonly string[] = [], runDigest?: Digest): Job => {
  const [kind, service] = id.split(':') as [JobKind, string?];
  return { id, kind, after, reason: '', ...(service ? { service } : {}), ...(runDigest ? { runDigest } : {}) };
};
const learnt = (
  kind: JobKind,
  service: string | null,
  ms: number,
  runDigest: Digest | null = null,
): LearntDuration => ({
  kind,
  service,
  runDigest,
  ms,
  runs: 1,
});

const jobs = [
  job('workload:a', [], run('a2')),
  job('readiness:a', ['workload:a'], run('a2')),
  job('workload:b', ['readiness:a'], run('b1')),
  job('routes', ['workload:b']),
];

test('estimateJobs() takes what is the same, else the service, else the kind, along the longest chain', () => {
  const durations = [
    learnt('workload', 'a', 100, run('a1')),
    learnt('workload', 'a', 300, run('a2')),
    learnt('readiness', 'a', 2_000, run('a1')),
    learnt('workload', 'c', 50, run('c1')),
  ];
  expect(estimateJobs(jobs, durations)).toEqual({
    ms: 300 + 2_000 + 100,
    path: ['workload:a', 'readiness:a', 'workload:b'],
    jobs: { 'workload:a': 300, 'readiness:a': 2_000, 'workload:b': 100 },
    unknown: 1,
    runs: 1 + 1 + 3,
  });
});

test('estimateJobs() gives what runs already no time, and nothing where nothing was learnt', () => {
  const durations = [learnt('workload', 'a', 300, run('a2')), learnt('readiness', 'a', 2_000, run('a2'))];
  expect(estimateJobs(jobs, durations, { running: new Set([run('a2')]) })).toMatchObject({ ms: 300, unknown: 1 });
  expect(estimateJobs(jobs, [])).toBeNull();
});

test('median() is the middle, or between both', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 3, 0]);
});
