import type { Digest } from './digest.ts';
import { criticalPath } from './job-stages.ts';
import type { Job, JobKind } from './plan.ts';

/** How long a job of a kind took when it was done, learnt from journals: the median of its newest `runs` times. */
export type LearntDuration = {
  readonly kind: JobKind;
  readonly service: string | null;
  /** workload, readiness: what was started. */
  readonly runDigest: Digest | null;
  readonly ms: number;
  readonly runs: number;
};

/** How long the jobs of a plan take, most likely. No part of a plan: it is measured, and changes from day to day. */
export type Estimate = {
  /** Along the critical path; jobs beside it are done meanwhile. */
  readonly ms: number;
  /** Ids of the jobs on it that take time. */
  readonly path: readonly string[];
  /** By job id, of those that something is known about. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Jobs that nothing like it was ever seen of: they count as nothing. */
  readonly unknown: number;
  /** Times that the estimate is learnt from. */
  readonly runs: number;
};

/**
 * Estimates the jobs of a plan: each takes as long as the same thing did, else as its service did, else as its kind did,
 * the median of those. What runs already takes no time. null where nothing was learnt.
 */
export function estimateJobs(
  jobs: readonly Job[],
  learnt: readonly LearntDuration[],
  { running = new Set() }: { readonly running?: ReadonlySet<Digest> } = {},
): Estimate | null {
  if (learnt.length === 0) return null;
  const known: Record<string, number> = {};
  let unknown = 0;
  let runs = 0;
  for (const job of jobs) {
    const like = likeOf(job, learnt, running);
    if (like === null) unknown += 1;
    else {
      known[job.id] = like.ms;
      runs += like.runs;
    }
  }
  const { jobs: path, weight } = criticalPath(jobs, ({ id }) => known[id] ?? 0);
  const slow = path.filter(({ id }) => (known[id] ?? 0) > 0);
  return { ms: weight, path: slow.map(({ id }) => id), jobs: known, unknown, runs };
}

function likeOf(
  { kind, service, runDigest }: Job,
  learnt: readonly LearntDuration[],
  running: ReadonlySet<Digest>,
): { readonly ms: number; readonly runs: number } | null {
  if (runDigest !== undefined && running.has(runDigest)) return { ms: 0, runs: 0 };
  const ofKind = learnt.filter((one) => one.kind === kind);
  const same = runDigest === undefined ? [] : ofKind.filter((one) => one.runDigest === runDigest);
  const ofService = service === undefined ? [] : ofKind.filter((one) => one.service === service);
  const like = [same, ofService, ofKind].find(({ length }) => length > 0);
  if (like === undefined) return null;
  return { ms: median(like.map(({ ms }) => ms)), runs: like.reduce((sum, one) => sum + one.runs, 0) };
}

/** The middle one; of two middle ones their mean, rounded. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low = 0, high = low] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return Math.round((low + high) / 2);
}
