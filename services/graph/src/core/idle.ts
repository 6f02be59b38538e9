import { type Changes, noChanges, together } from './changes.ts';
import { type DeriveDecision, derive } from './derive.ts';
import type { DeriveState } from './derive-state.ts';
import type { EnvironmentDocument } from './documents.ts';
import { lifetimeTimerId, timed } from './lifetime.ts';
import { isAwake } from './offer.ts';
import { environmentAt } from './places.ts';

/** What all routers together say of an environment. */
export type Activity =
  /** Every router there is has answered. */
  | { readonly kind: 'idle'; readonly idleMs: number }
  | { readonly kind: 'busy' }
  /** Somebody did not answer, or there is nobody: then it may be in use. */
  | { readonly kind: 'unknown'; readonly reason: string };

export type IdleState = {
  readonly environment: EnvironmentDocument | null;
  /** To put what serves to sleep. */
  readonly derive: DeriveState | null;
  /** Children that hold it and do not sleep themselves. */
  readonly awakeHolders: readonly string[];
};

export type IdleDecision = {
  readonly decision: DeriveDecision | null;
  readonly changes: Changes;
  /** Why it goes on running; null where it is put to sleep, or there is nothing to decide. */
  readonly kept: string | null;
};

export const idleAgainMs = 60_000; // where nobody can tell whether it is used, or a child that runs keeps it

/** Whether its idleness is worth asking for: it runs, and nothing else is on its way. */
export function mayIdle(environment: EnvironmentDocument | null): environment is EnvironmentDocument {
  return environment !== null && environment.wanted === 'running' && isAwake(environment);
}

/**
 * Puts an environment to sleep that nobody has asked for long enough, and looks again later at any other: at the moment
 * at which it will have been idle for long enough, if nobody asks until then. What may be in use is never put to sleep.
 */
export function judgeIdle(activity: Activity, about: IdleAbout, state: IdleState): IdleDecision {
  const { environment } = state;
  const idleSeconds = environment?.lifetime?.idleSeconds;
  if (!mayIdle(environment) || idleSeconds === undefined) return { decision: null, changes: noChanges, kept: null };
  const { now } = about;
  const keep = (kept: string, againMs: number): IdleDecision => ({
    decision: null,
    changes: idleDue(environment, now + againMs),
    kept,
  });
  const delayMs = idleSeconds * 1_000;
  if (environment.open.length > 0) return keep('a generation is on its way', delayMs);
  if (state.awakeHolders.length > 0)
    return keep(`held by ${state.awakeHolders.join(', ')}`, Math.min(delayMs, idleAgainMs));
  if (activity.kind === 'unknown') return keep(activity.reason, Math.min(delayMs, idleAgainMs));
  if (activity.kind === 'busy') return keep('requests are under way', delayMs);
  if (activity.idleMs < delayMs) return keep('it was used', Math.max(1_000, delayMs - activity.idleMs));
  return sleep(about, environment, state);
}

export type IdleAbout = { readonly traceparent: string | null; readonly now: number };

function sleep(
  { traceparent, now }: IdleAbout,
  environment: EnvironmentDocument,
  { derive: state }: IdleState,
): IdleDecision {
  if (state === null) return { decision: null, changes: noChanges, kept: null };
  const { org, env } = environment;
  const decision = derive(
    {
      org,
      env,
      cause: { kind: 'timer', timer: lifetimeTimerId('idle', environment) },
      actor: state.newest?.actor ?? { name: 'local', proof: 'loopback' },
      submission: null,
      wanted: 'asleep',
      always: false,
      traceparent,
      linkedTraces: [],
      now,
    },
    state,
  );
  // Where it cannot be put to sleep, or does not become ready asleep, it is looked at again.
  const after = decision.kind === 'revised' ? decision.environment : environment;
  return { decision, changes: together(decision.changes, idleDue(after, now + idleAgainMs)), kept: null };
}

/** Its idleness is looked at then. */
export function idleDue(environment: EnvironmentDocument, idleDueAt: number): Changes {
  const again = timed(environment, { ...environment.lifetime, idleDueAt }, 0);
  const put = { ...environmentAt(environment.org, environment.env), body: again.environment };
  return together({ puts: [put], removes: [], appends: [] }, again.changes);
}
