// Owns: the numbers of the audit log on ArangoDB. A commit writes its leaves unnumbered, in its own transaction; the
// sequencer of their organisation numbers them afterwards, many at once, in the order of commits.
// 1. A leaf is moved from pending to the log in one transaction: it is in exactly one of the two.
// 2. Commits meet in the counters' document, so a version that can be seen has every lower one before it: what is
//    numbered is never followed by a leaf of an older commit.
// 3. The key of a log row is its number, and appending refuses a key that is there: of two sequencers of one
//    organisation, in whichever processes, the second fails, looks again and goes on behind the first.
import { canonicalJson } from '@microstax/model/canonical-json';
import { type ArangoConnection, runQuery } from './arango-connection.ts';
import { isPassing, isUniqueViolation, toStoreError } from './arango-errors.ts';
import { documentKey, scanBounds } from './arango-key.ts';
import { type ArangoRow, appendRows, type FoundRow, removeRows, scanRows } from './arango-queries.ts';
import { retry } from './arango-retry.ts';
import { ownCollections } from './arango-schema.ts';
import { inTransaction } from './arango-transaction.ts';
import { logKey, makeRow } from './arango-writes.ts';
import { leafHash } from './sqlite-database.ts';

type Run = { begun: boolean; readonly done: Promise<void> };

const leavesMax = 256; // of one transaction

export class AuditSequencer {
  readonly #arango: ArangoConnection;
  /** The newest run of each organisation, begun or about to begin. */
  readonly #runs = new Map<string, Run>();

  constructor(arango: ArangoConnection) {
    this.#arango = arango;
  }

  /** Settles when every leaf of the organisation that is committed by now has its number. */
  drain(org: string): Promise<void> {
    const last = this.#runs.get(org);
    if (last !== undefined && !last.begun) return last.done;
    const run: Run = { begun: false, done: this.#after(last?.done, () => this.#begin(org, run)) };
    this.#runs.set(org, run);
    return run.done;
  }

  /** Settles when no run is under way. */
  async rest(): Promise<void> {
    await Promise.allSettled([...this.#runs.values()].map(({ done }) => done));
  }

  async #after(before: Promise<void> | undefined, work: () => Promise<void>): Promise<void> {
    await before?.catch(() => undefined);
    await work();
  }

  async #begin(org: string, run: Run): Promise<void> {
    run.begun = true;
    const again = (error: unknown): boolean => isPassing(error) || isUniqueViolation(error);
    try {
      for (;;) if ((await retry(() => this.#number(org), again, this.#arango.policy)) < leavesMax) return;
    } catch (error) {
      throw toStoreError(`number the audit log of "${org}"`, error);
    } finally {
      if (this.#runs.get(org) === run) this.#runs.delete(org);
    }
  }

  /** Numbers the oldest pending leaves; gives how many. */
  async #number(org: string): Promise<number> {
    const { audit, auditPending } = ownCollections;
    const { db } = this.#arango;
    const pendingCollection = db.collection(auditPending);
    const ofOrg = scanBounds({ prefix: `${org}/` });
    const oldest = (limit: number) => scanRows(pendingCollection, { ...ofOrg, reverse: false, limit });
    // Most looks find nothing, and cost no transaction.
    if ((await (await runQuery(this.#arango, oldest(1), 1)).next()) === undefined) return 0;

    return inTransaction(this.#arango, { write: [audit, auditPending] }, async (step) => {
      const pending = await step(oldest(leavesMax), leavesMax);
      if (pending.length === 0) return { end: 'abort', value: 0 };
      const log = db.collection(audit);
      const [newest] = await step(scanRows(log, { ...ofOrg, reverse: true, limit: 1 }), 1);
      const first = newest === undefined ? 1 : numberOf(newest) + 1;
      await step(
        appendRows(
          log,
          pending.map((leaf, index) => numbered(org, first + index, leaf)),
        ),
      );
      await step(
        removeRows(
          pendingCollection,
          pending.map(({ key }) => documentKey(key)),
        ),
      );
      return { end: 'commit', value: pending.length };
    });
  }
}

/** The number in the key of a log row. */
export function numberOf({ key }: { readonly key: string }): number {
  return Number(key.slice(key.lastIndexOf('/') + 1));
}

function numbered(org: string, n: number, { body, version }: FoundRow): ArangoRow {
  const entry = canonicalJson({ ...(JSON.parse(body) as object), n });
  return { ...makeRow(logKey(org, n), version, entry), leafHash: leafHash(entry) };
}
