// Owns: the driver and what every request of ours has in common. A process has one connection per store.
import type { AqlQuery } from 'arangojs/aql';
import type { Cursor } from 'arangojs/cursors';
import { Database } from 'arangojs/databases';
import { defaultRetry, type RetryPolicy } from './arango-retry.ts';

export type ArangoConfig = {
  /** Coordinators of one cluster, or the one server; the next is asked where one is away. */
  readonly urls: readonly string[];
  readonly database: string;
  readonly user: string;
  /** Never logged; errors of the driver, which carry it, do not leave the adapter. */
  readonly password: string;
};

export type ArangoOptions = {
  readonly retry?: RetryPolicy;
  /** How long one request may take. */
  readonly requestMs?: number;
};

export type ArangoConnection = { readonly db: Database; readonly policy: RetryPolicy; readonly requestMs: number };

const requestMsDefault = 10_000;
const requestsMax = 16; // in flight; the driver's own 3 would let reads wait for a commit

/** Prepares requests; the first one connects. */
export function connectArango(config: ArangoConfig, options: ArangoOptions = {}): ArangoConnection {
  const { urls, database, user, password } = config;
  const { retry = defaultRetry, requestMs = requestMsDefault } = options;
  const db = new Database({
    url: [...urls],
    databaseName: database,
    auth: { username: user, password },
    timeout: requestMs,
    poolSize: requestsMax,
    maxRetries: false, // only we know what may be sent again
  });
  return { db, policy: retry, requestMs };
}

/** Sends a query. The time is said again here, since the driver (10.4) does not take the connection's for queries. */
export function runQuery<T>(
  { db, requestMs }: ArangoConnection,
  query: AqlQuery<T>,
  batchSize: number,
): Promise<Cursor<T>> {
  return db.query<T>(query, { batchSize, timeout: requestMs, maxRuntime: Math.ceil(requestMs / 1_000) });
}
