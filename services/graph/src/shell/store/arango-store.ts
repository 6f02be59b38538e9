// Owns: the ArangoDB adapter of the graph store.
// 1. A commit is one stream transaction: numbers, guards, writes. Nothing is sent outside of it.
// 2. Every commit writes the counters' document first. So two commits that overlap in time never both succeed, whatever
//    rows they are about, and a guard read in the transaction holds until its end, also one on a row not written.
// 3. A lost race begins the whole commit again, guards included. A lost guard is the answer, never tried again.
// 4. Commits of one process wait for each other here instead of losing races against each other there.
import type { AqlQuery } from 'arangojs/aql';
import type { ArangoCollection } from 'arangojs/collections';
import type { Collection, LogName, Place } from '../../core/changes.ts';
import {
  type ArangoConfig,
  type ArangoConnection,
  type ArangoOptions,
  connectArango,
  runQuery,
} from './arango-connection.ts';
import { isPassing, toStoreError } from './arango-errors.ts';
import { documentKey, scanBounds } from './arango-key.ts';
import {
  appendRows,
  type FoundRow,
  getRows,
  getVersions,
  putRows,
  removeRows,
  scanRows,
  takeNumbers,
} from './arango-queries.ts';
import { retry } from './arango-retry.ts';
import { migrate, ownCollections } from './arango-schema.ts';
import { AuditSequencer, numberOf } from './arango-sequencer.ts';
import { inTransaction, type Step } from './arango-transaction.ts';
import { guardsByCollection, logKey, outboxRowsOf, writesOf, writtenBy } from './arango-writes.ts';
import {
  type Batch,
  type CommitResult,
  type GraphStore,
  type LogRow,
  type ScanRange,
  type Stored,
  StoreError,
} from './graph-store.ts';
import { outboxOrg } from './sqlite-database.ts';

const rowsPerBatch = 1_000; // of reads outside of transactions, which may take several

/** Connects, makes the database where there is none and brings it up to date. Rejects with `StoreError`. */
export async function openArangoStore(config: ArangoConfig, options: ArangoOptions = {}): Promise<GraphStore> {
  const arango = connectArango(config, options);
  try {
    await retry(() => migrate(arango), isPassing, arango.policy);
  } catch (error) {
    arango.db.close();
    throw toStoreError(`open the graph store "${config.database}" at ${config.urls.join(', ')}`, error);
  }
  return new ArangoStore(arango);
}

class ArangoStore implements GraphStore {
  readonly #arango: ArangoConnection;
  readonly #sequencer: AuditSequencer;
  #lastCommit: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(arango: ArangoConnection) {
    this.#arango = arango;
    this.#sequencer = new AuditSequencer(arango);
  }

  async get<T>(collection: Collection, key: string): Promise<Stored<T> | undefined> {
    return (await this.getMany<T>([{ collection, key }]))[0];
  }

  async getMany<T>(places: readonly Place[]): Promise<readonly (Stored<T> | undefined)[]> {
    return this.#reading('read', async () => {
      const byCollection = [...Map.groupBy(places, ({ collection }) => collection)];
      const found = new Map<Collection, ReadonlyMap<string, FoundRow>>();
      const read = async ([collection, wanted]: (typeof byCollection)[number]): Promise<void> => {
        const keys = [...new Set(wanted.map(({ key }) => documentKey(key)))];
        const rows = await this.#all(getRows(this.#collection(collection), keys));
        found.set(collection, new Map(rows.map((row) => [row.key, row])));
      };
      await Promise.all(byCollection.map(read));
      return places.map(({ collection, key }) => {
        const row = found.get(collection)?.get(key);
        return row && stored<T>(collection, row);
      });
    });
  }

  async scan<T>(collection: Collection, range: ScanRange): Promise<readonly Stored<T>[]> {
    const rows = await this.#reading('scan', () => this.#scan(collection, range));
    return rows.map((row) => stored<T>(collection, row));
  }

  async readLog<T>(
    log: LogName,
    range: { readonly org?: string; readonly after?: number; readonly limit?: number },
  ): Promise<readonly LogRow<T>[]> {
    const { org = outboxOrg, after = 0, limit } = range;
    const partition = log === 'outbox' ? outboxOrg : org;
    const rows = await this.#reading(`read the ${log} log of`, async () => {
      if (log === 'audit') await this.#sequencer.drain(partition);
      const keys = {
        prefix: `${partition}/`,
        after: logKey(partition, after),
        ...(limit === undefined ? {} : { limit }),
      };
      return this.#scan(ownCollections[log], keys);
    });
    return rows.map((row) => ({
      log,
      org: partition,
      n: numberOf(row),
      body: JSON.parse(row.body) as T,
      leafHash: row.leafHash,
    }));
  }

  async commit(batch: Batch): Promise<CommitResult> {
    this.#requireOpen();
    const result = this.#lastCommit.then(() =>
      retry(() => this.#commitOnce(batch), isPassing, this.#arango.policy).catch((error: unknown) => {
        throw toStoreError(`commit to the graph store "${this.#arango.db.name}"`, error);
      }),
    );
    this.#lastCommit = result.catch(() => undefined);
    const committed = await result;
    if (committed.kind === 'committed') this.#numberLeaves(batch);
    return committed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#lastCommit;
    await this.#sequencer.rest();
    this.#arango.db.close();
  }

  #commitOnce(batch: Batch): Promise<CommitResult> {
    const write = writtenBy(batch);
    const guards = guardsByCollection(batch);
    const read = [...guards.keys()].filter((collection) => !write.includes(collection));
    return inTransaction(this.#arango, { write, read }, async (step) => {
      const numbers = await this.#takeNumbers(step, batch);
      const lost = await this.#lostGuard(step, batch);
      if (lost) return { end: 'abort', value: lost };
      const { puts, appends, removes, appended } = writesOf(batch, numbers);
      for (const [name, rows] of puts) await step(putRows(this.#collection(name), rows));
      for (const [name, rows] of appends) await step(appendRows(this.#collection(name), rows));
      for (const [name, keys] of removes) await step(removeRows(this.#collection(name), keys));
      return { end: 'commit', value: { kind: 'committed', version: numbers.version, appended } };
    });
  }

  async #takeNumbers(step: Step, batch: Batch): Promise<{ readonly version: number; readonly outbox: number }> {
    const [numbers] = await step(takeNumbers(this.#collection(ownCollections.counters), outboxRowsOf(batch)));
    if (numbers !== undefined) return numbers;
    throw new StoreError(
      'damaged',
      `Cannot commit to the graph store "${this.#arango.db.name}": its counters are missing`,
    );
  }

  async #lostGuard(step: Step, batch: Batch): Promise<CommitResult | undefined> {
    const versions = new Map<string, number>();
    for (const [collection, guards] of guardsByCollection(batch)) {
      const keys = [...new Set(guards.map(({ key }) => documentKey(key)))];
      for (const { key, version } of await step(getVersions(this.#collection(collection), keys), keys.length))
        versions.set(`${collection}|${key}`, version);
    }
    for (const { collection, key, version: expected } of batch.guards) {
      const found = versions.get(`${collection}|${key}`) ?? 0;
      if (found !== expected) return { kind: 'conflict', at: { collection, key }, expected, found };
    }
    return undefined;
  }

  // Not awaited: the commit stands. Where numbering fails, the next commit or read of the organisation does it.
  #numberLeaves({ appends }: Batch): void {
    const orgs = new Set(appends.filter(({ log }) => log === 'audit').map(({ org }) => org));
    for (const org of orgs) this.#sequencer.drain(org).catch(() => undefined);
  }

  #scan(collection: string, range: ScanRange): Promise<readonly FoundRow[]> {
    const { reverse = false, limit } = range;
    const bounds = { ...scanBounds(range), reverse, limit: limit === undefined || limit < 0 ? undefined : limit };
    return this.#all(scanRows(this.#collection(collection), bounds));
  }

  // The batches of one cursor are of one snapshot, however long they take to fetch.
  async #all<T>(query: AqlQuery<T>): Promise<readonly T[]> {
    const cursor = await runQuery(this.#arango, query, rowsPerBatch);
    return cursor.all();
  }

  async #reading<T>(action: string, work: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    try {
      return await retry(work, isPassing, this.#arango.policy);
    } catch (error) {
      throw toStoreError(`${action} the graph store "${this.#arango.db.name}"`, error);
    }
  }

  #collection(name: string): ArangoCollection {
    return this.#arango.db.collection(name);
  }

  #requireOpen(): void {
    if (this.#closed) throw new StoreError('closed', 'Cannot use the graph store: it is closed');
  }
}

function stored<T>(collection: Collection, { key, version, body }: FoundRow): Stored<T> {
  return { collection, key, version, body: JSON.parse(body) as T };
}
