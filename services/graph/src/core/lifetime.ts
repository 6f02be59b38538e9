// Owns: what time does to an environment (docs/decisions/0033-lifetime.md): when it expires, when it is looked at for
// idleness, and the two timer rows that say so.
// 1. The document names the due time of each row, so that a row is moved, never doubled.
// 2. A Blueprint that was only accepted can postpone an expiry, never bring it nearer: what serves may be all there will be.
import type { Revision } from '@microstax/model/revision';
import type { Changes } from './changes.ts';
import type { ActivationDocument, EnvironmentDocument, LifetimeDocument, LifetimeWords } from './documents.ts';
import { served } from './offer.ts';
import { timerAt } from './places.ts';
import { timerPut } from './timers.ts';

/** How long before its end an environment is said to expire. */
export const warningsMs = [3_600_000, 600_000] as const;

/** An environment with its lifetime, and the timer rows that follow from it. */
export type Timed = { readonly environment: EnvironmentDocument; readonly changes: Changes };

/** What a revision says of its lifetime; undefined where it says nothing. */
export function lifetimeWords({ ttlSeconds, autoShutdown }: Revision): LifetimeWords | undefined {
  if (ttlSeconds === undefined && autoShutdown === undefined) return undefined;
  return {
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(autoShutdown === undefined ? {} : { idleSeconds: autoShutdown.delaySeconds }),
  };
}

/** A Blueprint was accepted, changed or not: its time begins anew. */
export function blueprintAccepted(
  environment: EnvironmentDocument,
  words: LifetimeWords | undefined,
  now: number,
): Timed {
  const before = environment.lifetime ?? {};
  if (words?.ttlSeconds === undefined && environment.lifetime == null) return timed(environment, undefined, now);
  const { expiresAt, ...rest } = before;
  const wished = words?.ttlSeconds === undefined ? undefined : now + words.ttlSeconds * 1_000;
  const next = served(environment) === null ? wished : laterOf(expiresAt, wished);
  return timed(environment, { ...rest, blueprintAt: now, ...(next === undefined ? {} : { expiresAt: next }) }, now);
}

function laterOf(expiresAt: number | undefined, wished: number | undefined): number | undefined {
  if (expiresAt === undefined) return undefined; // what serves has no end, and what may replace it does not serve yet
  return wished === undefined ? expiresAt : Math.max(expiresAt, wished);
}

/** A generation serves: from now on its words count. */
export function becameReady(
  environment: EnvironmentDocument,
  { lifetime: words, wanted, at }: Pick<ActivationDocument, 'lifetime' | 'wanted' | 'at'>,
  now: number,
): Timed {
  if (wanted === 'deleted' || (words === undefined && environment.lifetime == null))
    return timed(environment, undefined, now);
  const { blueprintAt = at } = environment.lifetime ?? {};
  const { ttlSeconds, idleSeconds } = words ?? {};
  const next: LifetimeDocument = {
    blueprintAt,
    ...(ttlSeconds === undefined ? {} : { expiresAt: blueprintAt + ttlSeconds * 1_000 }),
    ...(idleSeconds === undefined ? {} : { idleSeconds }),
    ...(idleSeconds === undefined || wanted !== 'running' ? {} : { idleDueAt: now + idleSeconds * 1_000 }),
  };
  return timed(environment, next, now);
}

/** When the next word of an expiry is due: a warning, or the end. */
export function nextExpiryDue(expiresAt: number, now: number): number {
  return warningsMs.map((ms) => expiresAt - ms).find((at) => at > now) ?? expiresAt;
}

/** The environment with another lifetime; its expiry is due next as its end says, unless something else is told. */
export function timed(environment: EnvironmentDocument, next: LifetimeDocument | undefined, now: number): Timed {
  const { lifetime: before, ...bare } = environment;
  if (next === undefined) {
    const after = before === undefined ? environment : { ...bare, lifetime: null };
    return { environment: after, changes: moved(environment, before ?? {}, {}) };
  }
  const { expiryDueAt: known, ...rest } = next;
  const stays = next.expiresAt !== undefined && next.expiresAt === before?.expiresAt && known !== undefined;
  const expiryDueAt = next.expiresAt === undefined || stays ? known : nextExpiryDue(next.expiresAt, now);
  const after: LifetimeDocument = {
    ...rest,
    ...(next.expiresAt === undefined || expiryDueAt === undefined ? {} : { expiryDueAt }),
  };
  return { environment: { ...environment, lifetime: after }, changes: moved(environment, before ?? {}, after) };
}

export type LifetimeTimer = 'idle' | 'expiry';

export function lifetimeTimerId(kind: LifetimeTimer, { org, env }: { readonly org: string; readonly env: string }) {
  return `${kind}/${org}/${env}`;
}

/** Which of the two a timer is; undefined for any other. */
export function lifetimeTimerOf(timer: string): LifetimeTimer | undefined {
  const kind = timer.slice(0, timer.indexOf('/'));
  return kind === 'idle' || kind === 'expiry' ? kind : undefined;
}

function moved(
  { org, env }: Pick<EnvironmentDocument, 'org' | 'env'>,
  before: LifetimeDocument,
  after: LifetimeDocument,
): Changes {
  const rows = [
    { kind: 'idle', from: before.idleDueAt, to: after.idleDueAt },
    { kind: 'expiry', from: before.expiryDueAt, to: after.expiryDueAt },
  ] as const;
  const changed = rows.filter(({ from, to }) => from !== to);
  return {
    removes: changed.flatMap(({ kind, from }) =>
      from === undefined ? [] : [timerAt(from, lifetimeTimerId(kind, { org, env }))],
    ),
    puts: changed.flatMap(({ kind, to: dueAt }) => {
      if (dueAt === undefined) return [];
      const id = lifetimeTimerId(kind, { org, env });
      return [timerPut({ id, org, env, dueAt, cause: { kind: 'timer', timer: id }, traceparent: null })];
    }),
    appends: [],
  };
}
