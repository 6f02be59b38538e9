import { compareText } from '@microstax/model/compare';
import { must } from '@microstax/model/must';
import type { Job, JobKind } from '@microstax/model/plan';

const ranks: Readonly<Record<JobKind, number>> = {
  await: 0,
  scope: 1,
  secret: 2,
  workload: 3,
  readiness: 4,
  restore: 5,
  seed: 6,
  routes: 7,
  removals: 8,
};

/**
 * The one order in which a plan lists its jobs: by the longest way from a job that waits for nothing, then kind, then
 * id. Throws where a job waits for one that does not exist or for itself: the planner made both.
 */
export function inTopologicalOrder(jobs: readonly Job[]): readonly Job[] {
  const depths = depthsOf(jobs);
  const depth = ({ id }: Job): number => must(depths.get(id), `job "${id}" is no part of a cycle`);
  return [...jobs].sort((a, b) => depth(a) - depth(b) || ranks[a.kind] - ranks[b.kind] || compareText(a.id, b.id));
}

function depthsOf(jobs: readonly Job[]): ReadonlyMap<string, number> {
  const known = new Set(jobs.map(({ id }) => id));
  const waiting = new Map(jobs.map((job) => [job.id, job.after.length]));
  const followers = new Map<string, string[]>();
  for (const { id, after } of jobs)
    for (const before of after) {
      must(known.has(before) || null, `job "${id}" waits for "${before}", which is a job`);
      const list = followers.get(before);
      if (list === undefined) followers.set(before, [id]);
      else list.push(id);
    }
  const reached = new Map(jobs.map(({ id }) => [id, 0]));
  const depths = new Map<string, number>();
  const open = jobs.filter(({ after }) => after.length === 0).map(({ id }) => id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const depth = reached.get(id) ?? 0;
    depths.set(id, depth);
    for (const next of followers.get(id) ?? []) {
      reached.set(next, Math.max(reached.get(next) ?? 0, depth + 1));
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) open.push(next);
    }
  }
  return depths;
}
