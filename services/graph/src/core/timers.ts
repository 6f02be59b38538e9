import type { Digest } from '@microstax/model/digest';
import type { Put } from './changes.ts';
import type { EnvironmentDocument, Hold, TimerDocument } from './documents.ts';
import { timerAt } from './places.ts';

/** What the append that moved `serving` knows of those below (protocol 13). */
export type MovedState = {
  readonly environment: EnvironmentDocument;
  readonly generation: number;
  /** What it offers from now on. */
  readonly offer: Digest | undefined;
  /** Every environment that derives from this one, over any number of links. */
  readonly descendants: readonly Descendant[];
  /** Children that hold a service of this one, also from outside of its lineage. */
  readonly holders: readonly EnvironmentDocument[];
  /** Who names it in a mapping or a pool. */
  readonly namers: readonly EnvironmentDocument[];
  /** Spec digests of what serves now, by service. */
  readonly specs: ReadonlyMap<string, Digest>;
  /** Environments that failed waiting for this one. */
  readonly waiting: readonly EnvironmentDocument[];
  readonly traceparent: string | null;
  readonly now: number;
};

/** `tracks`: every link between the two is tracking. */
export type Descendant = { readonly environment: EnvironmentDocument; readonly tracks: boolean };

/** Timers, due now, for all that have to be derived again because an environment serves something else. One for each. */
export function movedTimers(moved: MovedState): Put[] {
  const { environment, descendants, holders, namers, waiting } = moved;
  const followers = descendants.filter(({ tracks }) => tracks).map((descendant) => descendant.environment);
  const affected = holders.filter((child) => isAffected(child, moved));
  const touched = [...followers, ...affected, ...namers].filter((child) => isDerivedFromAnother(child, moved));
  const due = new Map([...touched, ...waiting].map((child) => [child.env, child]));
  due.delete(environment.env);
  return [...due.values()].filter(({ wanted }) => wanted !== 'deleted').map((child) => movedTimer(child, moved));
}

function movedTimer({ org, env }: EnvironmentDocument, moved: MovedState): Put {
  const { environment, generation, traceparent, now } = moved;
  const cause = { kind: 'parent moved', parent: environment.env, parentGeneration: generation } as const;
  return timerPut({
    id: `moved/${org}/${env}/${environment.env}@${generation}`,
    org,
    env,
    dueAt: now,
    cause,
    traceparent,
  });
}

export function timerPut(timer: TimerDocument): Put {
  return { ...timerAt(timer.dueAt, timer.id), body: timer };
}

// Compared with what the child froze, not with what was served before: while nothing was served, the head was the offer,
// and it may have been another one by the time the child was derived (protocol 12).
function isDerivedFromAnother(
  { offers, movedPreview }: EnvironmentDocument,
  { environment, offer }: MovedState,
): boolean {
  if (movedPreview?.parent === environment.env) return true; // the preview is of what it served before
  return offers.find(({ env }) => env === environment.env)?.revision !== offer;
}

// What serves leans on something else now; or the head, which could not be had from what was offered, perhaps can.
function isAffected({ head, serving, holds }: EnvironmentDocument, moved: MovedState): boolean {
  return head?.generation !== serving?.generation || holds.some((hold) => isChanged(hold, moved));
}

function isChanged({ env, service, specDigest }: Hold, { environment, specs }: MovedState): boolean {
  return env === environment.env && specs.get(service) !== specDigest;
}
