import { environmentExpiring } from '@microstax/contracts/environment-expiring';
import { type Changes, noChanges, type Put, together } from './changes.ts';
import { type DeriveDecision, derive } from './derive.ts';
import type { DeriveState } from './derive-state.ts';
import type { EnvironmentDocument, HoldDocument, LifetimeDocument, TimerDocument } from './documents.ts';
import { lifetimeTimerId, nextExpiryDue, timed } from './lifetime.ts';
import { say } from './outbox.ts';
import { environmentAt } from './places.ts';

export type ExpiryState = {
  /** Whether the timer's row is there. */
  readonly pending: boolean;
  readonly environment: EnvironmentDocument | null;
  /** To delete what serves; null where nobody ever submitted it. */
  readonly derive: DeriveState | null;
  readonly holders: readonly Pick<HoldDocument, 'child'>[];
  /** Who derives from it. */
  readonly children: readonly string[];
};

export type Expiring = {
  readonly timer: TimerDocument;
  readonly traceparent: string | null;
  readonly now: number;
};

export type ExpiryDecision = { readonly decision: DeriveDecision | null; readonly changes: Changes };

export const expiryAgainMs = 60_000; // children go one by one, and nobody tells their parent
const underWayMsMax = 600_000; // what is on its way may give it more time, but not for ever
const deletingMs = 600_000; // a delete that has not succeeded by then is tried again

/**
 * What a due expiry leads to: a warning, the delete by the way of every change, or the wait for those who still hold the
 * environment, which is said whenever it is about others than before (protocol 18).
 */
export function expire(expiring: Expiring, state: ExpiryState): ExpiryDecision {
  const { timer, now } = expiring;
  const { environment } = state;
  const lifetime = environment?.lifetime;
  if (!state.pending) return nothing();
  if (environment === null || lifetime?.expiresAt === undefined || (lifetime.expiryDueAt ?? timer.dueAt) > now)
    return nothing(); // its row goes all the same
  const { expiresAt } = lifetime;
  if (now < expiresAt) return warn(expiring, environment, { ...lifetime, expiresAt });
  if (environment.wanted === 'deleted') return deleteAgain(expiring, environment, state);
  const newest = environment.open.length > 0 && now < expiresAt + underWayMsMax;
  if (newest) return { decision: null, changes: dueAgain(environment, lifetime, now + expiryAgainMs) };
  const heldBy = [...new Set([...state.holders.map(({ child }) => child), ...state.children])].sort();
  if (heldBy.length > 0) return waitFor(heldBy, expiring, environment);
  return end(expiring, environment, state, false);
}

function nothing(): ExpiryDecision {
  return { decision: null, changes: noChanges };
}

function warn(
  { timer, now, traceparent }: Expiring,
  environment: EnvironmentDocument,
  lifetime: LifetimeDocument & { readonly expiresAt: number },
): ExpiryDecision {
  const { org, env } = environment;
  const { expiresAt } = lifetime;
  const reason = `its ttl ends in ${minutes(expiresAt - now)}; to keep it: msx apply its Blueprint again`;
  const body = { org, env, expiresAt, reason, heldBy: [] };
  const said = say(environmentExpiring, body, { inputId: `${timer.id}@${timer.dueAt}`, traceparent });
  const again = dueAgain(environment, lifetime, nextExpiryDue(expiresAt, now));
  return { decision: null, changes: together(again, { puts: [], removes: [], appends: [said] }) };
}

function waitFor(
  heldBy: readonly string[],
  { timer, now, traceparent }: Expiring,
  environment: EnvironmentDocument,
): ExpiryDecision {
  const { org, env, lifetime } = environment;
  const { expiresAt = now, heldBy: before = [] } = lifetime ?? {};
  const again = dueAgain(environment, { ...lifetime, heldBy }, now + expiryAgainMs);
  if (heldBy.join() === before.join()) return { decision: null, changes: again };
  const names = heldBy.map((name) => `"${name}"`).join(', ');
  const reason = `its ttl is over, and it is kept while ${names} hold it or derive from it`;
  const body = { org, env, expiresAt, reason, heldBy: [...heldBy] };
  const said = say(environmentExpiring, body, { inputId: `${timer.id}@${timer.dueAt}`, traceparent });
  return { decision: null, changes: together(again, { puts: [], removes: [], appends: [said] }) };
}

function deleteAgain(expiring: Expiring, environment: EnvironmentDocument, state: ExpiryState): ExpiryDecision {
  if (environment.servingWanted === 'deleted') return nothing();
  const outcome = state.derive?.newest?.outcome ?? null;
  if (outcome === null || outcome === 'ready' || outcome === 'superseded')
    return {
      decision: null,
      changes: dueAgain(environment, environment.lifetime ?? {}, expiring.now + deletingMs),
    };
  return end(expiring, environment, state, true);
}

function end(
  { now, traceparent }: Expiring,
  environment: EnvironmentDocument,
  { derive: state }: ExpiryState,
  always: boolean,
): ExpiryDecision {
  if (state === null) return nothing();
  const decision = derive(
    {
      org: environment.org,
      env: environment.env,
      cause: { kind: 'timer', timer: lifetimeTimerId('expiry', environment) },
      actor: state.newest?.actor ?? { name: 'local', proof: 'loopback' },
      submission: null,
      wanted: 'deleted',
      always,
      traceparent,
      linkedTraces: [],
      now,
    },
    state,
  );
  const after = decision.kind === 'revised' ? decision.environment : environment;
  const again = dueAgain(after, after.lifetime ?? {}, now + deletingMs);
  return { decision, changes: together(decision.changes, again) };
}

/** The expiry is looked at again then. */
function dueAgain(environment: EnvironmentDocument, lifetime: LifetimeDocument, expiryDueAt: number): Changes {
  const again = timed(environment, { ...lifetime, expiryDueAt }, 0);
  const put: Put = { ...environmentAt(environment.org, environment.env), body: again.environment };
  return together({ puts: [put], removes: [], appends: [] }, again.changes);
}

function minutes(ms: number): string {
  const whole = Math.max(1, Math.round(ms / 60_000));
  return whole === 1 ? '1 minute' : `${whole} minutes`;
}
