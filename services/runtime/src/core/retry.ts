import type { JobKind } from '@microstax/model/plan';

/** How often and how long one owner tries one job before it is said to have failed; a takeover starts anew. */
export type RetryBudget = { readonly attemptsMax: number; readonly spanMsMax: number };

const firstDelayMs = 100;
const delayMsMax = 5_000;
/** A router that starts with the runtime is there in a second, so it is looked for often. */
const scopeDelayMsMax = 200;
/** No attempt of it begins later: one that waits for a silent router takes seconds itself. */
const scopeSpanMsMax = 40_000;

// Readiness starts a program again whose port was taken; the others ask routers that may just be starting.
const attempts: Readonly<Record<JobKind, number>> = {
  await: 1,
  scope: 40,
  secret: 3,
  workload: 3,
  readiness: 3,
  restore: 1,
  seed: 1,
  routes: 5,
  removals: 3,
};

export function retryBudget(kind: JobKind): RetryBudget {
  return { attemptsMax: attempts[kind], spanMsMax: kind === 'scope' ? scopeSpanMsMax : Number.POSITIVE_INFINITY };
}

/** The pause before the attempt after `attempt` (counted from 1): doubled each time, at most 5 s, or 200 ms for `scope`. */
export function retryDelayMs(kind: JobKind, attempt: number): number {
  const mostMs = kind === 'scope' ? scopeDelayMsMax : delayMsMax;
  return Math.min(mostMs, firstDelayMs * 2 ** (Math.max(1, attempt) - 1));
}
