// Owns: the SQL of the graph store, synchronous; it lives in a worker thread, because every call blocks its thread.
import { createHash } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { canonicalJson } from '@microstax/model/canonical-json';
import { StoreError } from './graph-store.ts';
import { type Holder, takeLock } from './sqlite-lock.ts';
import { migrate, statements } from './sqlite-schema.ts';

export type RawPlace = readonly [collection: string, key: string];
export type RawStored = { readonly key: string; readonly version: number; readonly body: string };
export type RawLogRow = { readonly n: number; readonly body: string; readonly leafHash: string | null };
export type RawBatch = {
  readonly guards: readonly (readonly [collection: string, key: string, version: number])[];
  readonly puts: readonly (readonly [collection: string, key: string, body: string])[];
  readonly removes: readonly RawPlace[];
  readonly appends: readonly (readonly [log: string, org: string, body: string])[];
  readonly settled: readonly number[];
};
export type RawCommit =
  | { readonly kind: 'committed'; readonly version: number; readonly numbers: readonly number[] }
  | { readonly kind: 'conflict'; readonly at: RawPlace; readonly expected: number; readonly found: number };
export type RawScan = {
  readonly collection: string;
  readonly prefix: string;
  readonly after: string | null;
  readonly limit: number;
  readonly reverse: boolean;
};

/** Outbox rows of all organisations are one sequence. */
export const outboxOrg = '*';

const beyondEveryKey = '\u{10ffff}';

/** One open database file; the only writer of it. */
export class SqliteDatabase implements Disposable {
  readonly #db: DatabaseSync;
  readonly #lock: Disposable;
  readonly #statements: { readonly [name in keyof typeof statements]: StatementSync };

  constructor(path: string, holder: Holder) {
    this.#lock = takeLock(path, holder);
    try {
      this.#db = new DatabaseSync(path, { timeout: 2_000 });
      this.#db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;
                     PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;`);
      this.#requireDurable();
      migrate(this.#db);
      this.#statements = prepareAll(this.#db);
    } catch (error) {
      this.#lock[Symbol.dispose]();
      throw error;
    }
  }

  get(places: readonly RawPlace[]): readonly (RawStored | null)[] {
    return places.map(([collection, key]) => {
      const row = this.#statements.get.get(collection, key) as { version: number; body: string } | undefined;
      return row === undefined ? null : { key, version: row.version, body: row.body };
    });
  }

  scan({ collection, prefix, after, limit, reverse }: RawScan): readonly RawStored[] {
    const end = `${prefix}${beyondEveryKey}`;
    const rows = reverse
      ? this.#statements.scanBack.all(collection, after ?? end, end, prefix, limit)
      : this.#statements.scan.all(collection, after ?? '', prefix, end, limit);
    return rows.map((row) => {
      const { key, version, body } = row as unknown as RawStored;
      return { key, version, body };
    });
  }

  readLog(log: string, org: string, after: number, limit: number): readonly RawLogRow[] {
    return this.#statements.readLog.all(log, org, after, limit).map((row) => {
      const { n, body, leaf_hash: leafHash } = row as { n: number; body: string; leaf_hash: string | null };
      return { n, body, leafHash };
    });
  }

  /**
   * Commits batches one after the other in one transaction: each sees what those before it wrote, and one whose guard is
   * lost writes nothing. All are on disk when this returns; when it throws, none is.
   */
  commitAll(batches: readonly RawBatch[]): readonly RawCommit[] {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const results = batches.map((batch) => this.#write(batch));
      this.#db.exec(results.some(({ kind }) => kind === 'committed') ? 'COMMIT' : 'ROLLBACK');
      return results;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw storeError(error);
    }
  }

  [Symbol.dispose](): void {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
    this.#lock[Symbol.dispose]();
  }

  // Guards come before the first write, so that a lost one leaves nothing behind.
  #write(batch: RawBatch): RawCommit {
    for (const [collection, key, expected] of batch.guards) {
      const row = this.#statements.version.get(collection, key) as { version: number } | undefined;
      const found = row?.version ?? 0;
      if (found !== expected) return { kind: 'conflict', at: [collection, key], expected, found };
    }
    const version = this.#count('version');
    for (const [collection, key, body] of batch.puts) this.#statements.put.run(collection, key, version, body);
    for (const [collection, key] of batch.removes) this.#statements.remove.run(collection, key);
    const numbers = batch.appends.map(([log, org, body]) => this.#append(log, org, body));
    for (const n of batch.settled) this.#statements.settle.run('outbox', outboxOrg, n);
    return { kind: 'committed', version, numbers };
  }

  #append(log: string, org: string, body: string): number {
    const n = this.#count(`${log}/${org}`);
    if (log !== 'audit') {
      this.#statements.append.run(log, org, n, body, null);
      return n;
    }
    const entry = canonicalJson({ ...(JSON.parse(body) as object), n });
    this.#statements.append.run(log, org, n, entry, leafHash(entry));
    return n;
  }

  #count(name: string): number {
    return (this.#statements.count.get(name) as { value: number }).value;
  }

  // `synchronous` belongs to the connection and is read back: with less than FULL a power cut loses what was acknowledged.
  #requireDurable(): void {
    const { synchronous } = this.#db.prepare('PRAGMA synchronous').get() as { synchronous: number };
    const { journal_mode: mode } = this.#db.prepare('PRAGMA journal_mode').get() as { journal_mode: string };
    if (synchronous !== 2 || mode !== 'wal')
      throw new StoreError(
        'failed',
        `Cannot open the graph store: synchronous is ${synchronous}, must be 2; journal mode is "${mode}", must be "wal"`,
      );
  }
}

/** RFC 9162: a leaf is hashed with a leading 0, so that no inner node passes for one. */
export function leafHash(entry: string): string {
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(entry)
    .digest('hex');
}

function prepareAll(db: DatabaseSync): { readonly [name in keyof typeof statements]: StatementSync } {
  return Object.fromEntries(Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)])) as {
    [name in keyof typeof statements]: StatementSync;
  };
}

const codes: Readonly<Record<number, StoreError['code']>> = { 5: 'locked', 11: 'damaged', 13: 'full', 26: 'damaged' };

function storeError(error: unknown): StoreError {
  const code = codes[(error as { errcode?: number }).errcode ?? 0] ?? 'failed';
  return new StoreError(code, `Cannot commit to the graph store: ${(error as Error).message}`, { cause: error });
}
