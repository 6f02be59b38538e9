import type { Changes, Collection, LogName, Place } from '../../core/changes.ts';

/** The version that a document must have for a commit to happen; 0 means that there must be none. */
export type Guard = Place & { readonly version: number };

export type Batch = Changes & {
  readonly guards: readonly Guard[];
  /** Outbox rows that have been said and may go. */
  readonly settled?: readonly number[];
};

/** A document as stored. Versions grow over the whole store and are never used twice, not even after a remove. */
export type Stored<T = unknown> = Place & { readonly version: number; readonly body: T };

export type LogRow<T = unknown> = {
  readonly log: LogName;
  readonly org: string;
  readonly n: number;
  readonly body: T;
  /** Audit only: sha256(0x00 ‖ canonical JSON of the body with its number), in hexadecimal. */
  readonly leafHash: string | null;
};

export type CommitResult =
  | {
      readonly kind: 'committed';
      readonly version: number;
      /** `n` is null where the store numbers this log right after the commit; `readLog` has the number then. */
      readonly appended: readonly { readonly log: LogName; readonly org: string; readonly n: number | null }[];
    }
  /** The first guard that did not hold. Nothing was changed. */
  | { readonly kind: 'conflict'; readonly at: Place; readonly expected: number; readonly found: number };

export type ScanRange = {
  readonly prefix: string;
  /** Keys strictly beyond this one, in the direction of the scan. */
  readonly after?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
};

/**
 * The system of record: versioned documents under string keys in named collections, and two numbered logs. A commit is
 * one transaction on disk; after `committed` it survives the process and the machine.
 */
export interface GraphStore extends AsyncDisposable {
  get<T>(collection: Collection, key: string): Promise<Stored<T> | undefined>;
  /** In the order asked; undefined where there is none. */
  getMany<T>(places: readonly Place[]): Promise<readonly (Stored<T> | undefined)[]>;
  scan<T>(collection: Collection, range: ScanRange): Promise<readonly Stored<T>[]>;
  /** Rows of a log with numbers above `after`, oldest first. The outbox has no organisation of its own: any is asked. */
  readLog<T>(
    log: LogName,
    range: { readonly org?: string; readonly after?: number; readonly limit?: number },
  ): Promise<readonly LogRow<T>[]>;
  /** Rejects with `StoreError` when the store cannot write (disk full, damaged file); a lost race is a value. */
  commit(batch: Batch): Promise<CommitResult>;
}

/** The store is away or damaged; an outage, never a verdict. */
export class StoreError extends Error {
  readonly code: 'locked' | 'full' | 'damaged' | 'closed' | 'failed';

  constructor(code: StoreError['code'], message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
