// Owns: one stream transaction of ArangoDB.
// 1. One request per step and one step at a time: a second request of a step would run outside, without a word.
// 2. Whatever a step reads comes in its one answer, since the next batch of a cursor would be fetched outside too.
// 3. Collections are written shared, not exclusively: a lock that is waited for may be had with a snapshot older than
//    the lock, and exclusive writes skip the conflict check that would notice. Two transactions that overlap meet in a
//    document that both write; the second fails.
// 4. A failed step does not end the transaction on the server, so it is aborted here; nothing of it remains.
import type { AqlQuery } from 'arangojs/aql';
import type { Transaction } from 'arangojs/transactions';
import { type ArangoConnection, runQuery } from './arango-connection.ts';
import { isPassing, isVerdict } from './arango-errors.ts';
import { type RetryPolicy, retry } from './arango-retry.ts';
import { StoreError } from './graph-store.ts';

const abortsMax = 3;

export type Declared = { readonly write: readonly string[]; readonly read?: readonly string[] };

/** Runs a query as one step; rejects where its answer has more rows than `rowsMax`. */
export type Step = <T>(query: AqlQuery<T>, rowsMax?: number) => Promise<readonly T[]>;

export type Ending<T> = { readonly end: 'commit' | 'abort'; readonly value: T };

/**
 * One attempt: begins, runs the steps of `work` and ends as it says. An error before the commit was asked for means
 * that nothing happened. Rejects with `StoreError` where it cannot be known whether the commit did.
 */
export async function inTransaction<T>(
  arango: ArangoConnection,
  { write, read = [] }: Declared,
  work: (step: Step) => Promise<Ending<T>>,
): Promise<T> {
  const trx = await arango.db.beginTransaction(
    { write: [...write], read: [...read] },
    { allowImplicit: false, waitForSync: true },
  );
  let ended = false;
  try {
    const { end, value } = await work((query, rowsMax) => runStep(arango, trx, query, rowsMax));
    if (end === 'commit') {
      await commit(trx, arango.policy);
      ended = true;
    }
    return value;
  } finally {
    if (!ended) await abort(trx, arango.policy);
  }
}

async function runStep<T>(
  arango: ArangoConnection,
  trx: Transaction,
  query: AqlQuery<T>,
  rowsMax = 1,
): Promise<readonly T[]> {
  const cursor = await trx.step(() => runQuery(arango, query, rowsMax + 1));
  if (cursor.batches.hasMore)
    throw new StoreError(
      'failed',
      `Cannot read in one step of a transaction: the answer has more than ${rowsMax} rows`,
    );
  return cursor.all();
}

// Committing twice is no error (HTTP interface for stream transactions), so a commit whose answer was lost is asked for
// again until the server says what became of it.
async function commit(trx: Transaction, policy: RetryPolicy): Promise<void> {
  let lost = false;
  const ask = async (): Promise<void> => {
    try {
      await trx.commit();
    } catch (error) {
      // After a lost answer "not found" may also mean: committed, and forgotten since.
      if (isVerdict(error) && (!lost || statusOf(error) !== 404)) throw error;
      lost = true;
      throw new UnknownOutcome(error);
    }
  };
  const again = (error: unknown): boolean => error instanceof UnknownOutcome && statusOf(error.cause) !== 404;
  try {
    await retry(ask, again, policy);
  } catch (error) {
    if (!(error instanceof UnknownOutcome)) throw error;
    throw new StoreError('failed', `Cannot learn whether a commit happened: ${(error.cause as Error).message}`);
  }
}

// Until it is aborted the counters' document belongs to it, and every other commit fails. Aborting twice is no error.
async function abort(trx: Transaction, policy: RetryPolicy): Promise<void> {
  try {
    await retry(() => trx.abort(), isPassing, { ...policy, attemptsMax: abortsMax });
  } catch {
    // The server ends it by itself once it was idle for its time (60 s by default).
  }
}

class UnknownOutcome extends Error {
  constructor(cause: unknown) {
    super('the outcome is unknown', { cause });
    this.name = 'UnknownOutcome';
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { code?: number }).code;
}
