import type { Bucket, BucketEntry } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';
import { environmentKey } from '@microstax/contracts/topology';
import { canonicalJson } from '@microstax/model/canonical-json';
import type { RouteTable } from '@microstax/model/route-table';

export type RouteEntry = BucketEntry<RouteTable>;

export type RouteWrite =
  /** `entry` is what is there now. */
  | { readonly kind: 'written'; readonly revision: number; readonly entry?: RouteEntry }
  /** An entry with a higher epoch is there: a newer owner was here (protocol 23). */
  | { readonly kind: 'fenced'; readonly epoch: number };

/** What is believed to be under the key: it spares reading it, and the compare-and-set tells where it is wrong. */
export type RouteGuess = RouteEntry | 'absent';

/**
 * Writes an environment's table by compare-and-set; `next` makes it from what is there. A table that says the same is not
 * written again, `undefined` leaves things as they are. Repeating it after an unknown outcome is harmless.
 */
export async function writeRoutes(
  tables: Bucket,
  about: { readonly org: string; readonly env: string; readonly epoch: number },
  next: (present: RouteTable | undefined) => RouteTable | undefined | Promise<RouteTable | undefined>,
  guess?: RouteGuess,
): Promise<RouteWrite> {
  const key = environmentKey(about.org, about.env);
  for (let guessed = guess; ; guessed = undefined) {
    const entry = guessed === undefined ? await tables.get<RouteTable>(key) : entryOf(guessed);
    if (entry && entry.value.epoch > about.epoch) return { kind: 'fenced', epoch: entry.value.epoch };
    const table = await next(entry?.value);
    if (table === undefined || (entry && canonicalJson(entry.value) === canonicalJson(table))) {
      if (guessed !== undefined) continue; // nothing is to be written, so nothing would tell that it was wrong
      return { kind: 'written', revision: entry?.revision ?? 0, ...(entry ? { entry } : {}) };
    }
    try {
      const revision = await tables.put(key, table, entry?.revision ?? 0);
      return { kind: 'written', revision, entry: { key, value: table, revision } };
    } catch (error) {
      if (!(error instanceof BusError && error.code === 'conflict')) throw error;
    }
  }
}

function entryOf(guess: RouteGuess): RouteEntry | undefined {
  return guess === 'absent' ? undefined : guess;
}

/**
 * Leaves of a deleted environment's table what says that its context value is expired, unless a newer owner was here.
 * Repeating it is harmless.
 */
export async function expireRoutes(
  tables: Bucket,
  about: { readonly org: string; readonly env: string; readonly epoch: number },
): Promise<void> {
  const expire = (present: RouteTable | undefined): RouteTable | undefined =>
    present && { ...present, epoch: about.epoch, listeners: [], records: [], endpoints: [], expired: true };
  await writeRoutes(tables, about, expire);
}

/** Takes a table away that no environment owns, unless a newer owner made it. */
export async function deleteRoutes(
  tables: Bucket,
  about: { readonly org: string; readonly env: string; readonly epoch: number },
): Promise<void> {
  const key = environmentKey(about.org, about.env);
  const entry = await tables.get<RouteTable>(key);
  if (entry && entry.value.epoch <= about.epoch) await tables.delete(key);
}
