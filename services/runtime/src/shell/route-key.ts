import type { Bucket } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';
import { environmentKey } from '@microstax/contracts/topology';
import { canonicalJson } from '@microstax/model/canonical-json';
import type { RouteTable } from '@microstax/model/route-table';

export type RouteWrite =
  | { readonly kind: 'written'; readonly revision: number }
  /** An entry with a higher epoch is there: a newer owner was here (protocol 23). */
  | { readonly kind: 'fenced'; readonly epoch: number };

/**
 * Writes an environment's table by compare-and-set; `next` makes it from what is there. A table that says the same is not
 * written again, `undefined` leaves things as they are. Repeating it after an unknown outcome is harmless.
 */
export async function writeRoutes(
  tables: Bucket,
  about: { readonly org: string; readonly env: string; readonly epoch: number },
  next: (present: RouteTable | undefined) => RouteTable | undefined | Promise<RouteTable | undefined>,
): Promise<RouteWrite> {
  const key = environmentKey(about.org, about.env);
  for (;;) {
    const entry = await tables.get<RouteTable>(key);
    if (entry && entry.value.epoch > about.epoch) return { kind: 'fenced', epoch: entry.value.epoch };
    const table = await next(entry?.value);
    if (table === undefined) return { kind: 'written', revision: entry?.revision ?? 0 };
    if (entry && canonicalJson(entry.value) === canonicalJson(table))
      return { kind: 'written', revision: entry.revision };
    try {
      return { kind: 'written', revision: await tables.put(key, table, entry?.revision ?? 0) };
    } catch (error) {
      if (!(error instanceof BusError && error.code === 'conflict')) throw error;
    }
  }
}

/** Takes the key of a deleted environment away, unless a newer owner made it. */
export async function deleteRoutes(
  tables: Bucket,
  about: { readonly org: string; readonly env: string; readonly epoch: number },
): Promise<void> {
  const key = environmentKey(about.org, about.env);
  const entry = await tables.get<RouteTable>(key);
  if (entry && entry.value.epoch <= about.epoch) await tables.delete(key);
}
