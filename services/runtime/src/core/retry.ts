import type { JobKind } from '@microstax/model/plan';

/** How often one owner tries one job before it is said to have failed; a takeover starts anew. */
export type RetryBudget = { readonly attemptsMax: number };

const firstDelayMs = 100;
const delayMsMax = 5_000;

// Readiness starts a program again whose port was taken; the others ask routers that may just be starting.
const attempts: Readonly<Record<JobKind, number>> = {
  await: 1,
  scope: 8,
  secret: 3,
  workload: 3,
  readiness: 3,
  routes: 5,
  removals: 3,
};

export function retryBudget(kind: JobKind): RetryBudget {
  return { attemptsMax: attempts[kind] };
}

/** The pause before the attempt after `attempt` (counted from 1): doubled each time, at most 5 s. */
export function retryDelayMs(attempt: number): number {
  return Math.min(delayMsMax, firstDelayMs * 2 ** (Math.max(1, attempt) - 1));
}
