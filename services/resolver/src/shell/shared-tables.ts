import type { RecordTable } from '@microstax/model/route-index';

export type SharedTable = { readonly org: string; readonly table: RecordTable };

/**
 * Compiled tables that replicas have in common, so that one which starts answers before the bus has told it all. The
 * bus stays the truth: whoever has read it says what there is.
 */
export type SharedTables = AsyncDisposable & {
  /** What is there; nothing where nobody can be asked. */
  load(): Promise<readonly SharedTable[]>;
  /** Fire and forget, as the two below. */
  keep(org: string, table: RecordTable): void;
  forget(org: string, env: string): void;
  /** Called once the bus is read; from then on what is missed in an outage is made good by `all`. */
  follow(all: () => readonly SharedTable[]): void;
};

/** Where no Redis is set: every replica reads the bus for itself. */
export const unsharedTables: SharedTables = {
  load: () => Promise.resolve([]),
  keep: () => {},
  forget: () => {},
  follow: () => {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
