import type { Job } from './plan.ts';

/** Jobs that can be under way together: each waits for none of its own stage. Sorted as the plan lists them. */
export type JobStage = readonly Job[];

/** A plan's jobs in stages, by the longest way from a job that waits for nothing; `jobs` are in a topological order. */
export function jobStages(jobs: readonly Job[]): readonly JobStage[] {
  const stageOf = new Map<string, number>();
  const stages: Job[][] = [];
  for (const job of jobs) {
    const stage = Math.max(0, ...job.after.map((id) => (stageOf.get(id) ?? -1) + 1));
    stageOf.set(job.id, stage);
    stages[stage] = [...(stages[stage] ?? []), job];
  }
  return stages;
}

export type CriticalPath = { readonly jobs: readonly Job[]; readonly weight: number };

/**
 * The chain of jobs that takes longest, each waiting for the one before; of several the one that is listed first. A job
 * weighs 1 where nothing else is known, so that the path is the one with most jobs. Durations are no part of a plan.
 */
export function criticalPath(jobs: readonly Job[], weightOf: (job: Job) => number = () => 1): CriticalPath {
  const best = new Map<string, { readonly weight: number; readonly before: string | null }>();
  let last: Job | null = null;
  for (const job of jobs) {
    let before: string | null = null;
    for (const id of job.after)
      if ((best.get(id)?.weight ?? 0) > (before ? (best.get(before)?.weight ?? 0) : 0)) before = id;
    const weight = weightOf(job) + (before === null ? 0 : (best.get(before)?.weight ?? 0));
    best.set(job.id, { weight, before });
    if (last === null || weight > (best.get(last.id)?.weight ?? 0)) last = job;
  }
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const path: Job[] = [];
  for (let at: Job | null | undefined = last; at; ) {
    path.push(at);
    const before: string | null = best.get(at.id)?.before ?? null;
    at = before === null ? null : byId.get(before);
  }
  return { jobs: path.reverse(), weight: last === null ? 0 : (best.get(last.id)?.weight ?? 0) };
}
