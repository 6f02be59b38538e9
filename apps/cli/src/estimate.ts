import { query } from '@microstax/contracts/queries';
import { type Estimate, estimateJobs } from '@microstax/model/estimate';
import type { Inventory } from '@microstax/model/journal';
import type { Plan } from '@microstax/model/plan';
import { ask, type Session } from './session.ts';

export type EstimateQuestion = {
  readonly plan: Pick<Plan, 'jobs'>;
  /** Whose journals are learnt from, with those of its ancestors; the first that is known. */
  readonly envs: readonly string[];
  readonly at?: number | undefined;
  /** What runs already takes no time. */
  readonly inventory?: Inventory;
};

/** How long a plan takes by what the graph learnt from earlier executions; null where it learnt nothing. */
export async function readEstimate(session: Session, question: EstimateQuestion): Promise<Estimate | null> {
  const { plan, envs, at, inventory } = question;
  for (const env of envs) {
    const reply = await ask(session, query, { kind: 'durations', env, at });
    if (reply.kind !== 'durations') continue;
    const running = new Set(inventory?.instances.map(({ runDigest }) => runDigest));
    return estimateJobs(plan.jobs, reply.items, { running });
  }
  return null;
}

/** `about 12 s, critical path workload:web → readiness:web`; of what takes no time nothing is said. */
export function estimateText(estimate: Estimate | null): string {
  if (estimate === null) return 'no estimate: nothing like it was executed before';
  const path = estimate.path.length === 0 ? '' : `, critical path ${estimate.path.join(' → ')}`;
  const { unknown } = estimate;
  const rest = unknown === 0 ? '' : `; beside ${unknown} job${unknown === 1 ? '' : 's'} that nothing is known about`;
  return `about ${durationText(estimate.ms)}${path}${rest}`;
}

/** `80 ms`, `1.5 s`, `12 s`, `3 min 5 s`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`;
}
