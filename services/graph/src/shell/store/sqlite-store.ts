// Owns: the SQLite adapter of the graph store as the rest of the service sees it. Talks to its worker thread.
// 1. One message per call; the worker answers in order.
// 2. A call after the end of the worker rejects, it does not wait for ever.
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Collection, LogName, Place } from '../../core/changes.ts';
import {
  type Batch,
  type CommitResult,
  type GraphStore,
  type LogRow,
  type ScanRange,
  type Stored,
  StoreError,
} from './graph-store.ts';
import { outboxOrg, type RawBatch, type RawCommit, type RawLogRow, type RawStored } from './sqlite-database.ts';
import type { WorkerCall, WorkerReply } from './sqlite-worker.ts';

/** Opens a database file and makes it where there is none. Rejects with `StoreError` code `locked`, naming the holder. */
export async function openSqliteStore(path: string): Promise<GraphStore> {
  const file = resolve(path);
  mkdirSync(dirname(file), { recursive: true });
  const thread = new StoreThread(file);
  try {
    await thread.opened;
  } catch (error) {
    await thread.end();
    throw error;
  }
  return new SqliteStore(thread);
}

class SqliteStore implements GraphStore {
  readonly #thread: StoreThread;

  constructor(thread: StoreThread) {
    this.#thread = thread;
  }

  async get<T>(collection: Collection, key: string): Promise<Stored<T> | undefined> {
    return (await this.getMany<T>([{ collection, key }]))[0];
  }

  async getMany<T>(places: readonly Place[]): Promise<readonly (Stored<T> | undefined)[]> {
    if (places.length === 0) return [];
    const rows = await this.#thread.call<(RawStored | null)[]>({
      op: 'get',
      places: places.map(({ collection, key }) => [collection, key] as const),
    });
    return rows.map((row, index) => (row ? stored<T>((places[index] as Place).collection, row) : undefined));
  }

  async scan<T>(collection: Collection, range: ScanRange): Promise<readonly Stored<T>[]> {
    const { prefix, after = null, limit = -1, reverse = false } = range;
    const rows = await this.#thread.call<RawStored[]>({
      op: 'scan',
      scan: { collection, prefix, after, limit, reverse },
    });
    return rows.map((row) => stored<T>(collection, row));
  }

  async readLog<T>(
    log: LogName,
    { org = outboxOrg, after = 0, limit = -1 }: { org?: string; after?: number; limit?: number },
  ): Promise<readonly LogRow<T>[]> {
    const partition = log === 'outbox' ? outboxOrg : org;
    const rows = await this.#thread.call<RawLogRow[]>({ op: 'readLog', log, org: partition, after, limit });
    return rows.map(({ n, body, leafHash }) => ({ log, org: partition, n, body: JSON.parse(body) as T, leafHash }));
  }

  async commit(batch: Batch): Promise<CommitResult> {
    const result = await this.#thread.call<RawCommit>({ op: 'commit', batch: rawBatch(batch) });
    if (result.kind === 'conflict') {
      const [collection, key] = result.at;
      return { ...result, at: { collection: collection as Collection, key } };
    }
    const appended = batch.appends.map(({ log, org }, index) => ({ log, org, n: result.numbers[index] as number }));
    return { kind: 'committed', version: result.version, appended };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.end();
  }
}

function stored<T>(collection: Collection, { key, version, body }: RawStored): Stored<T> {
  return { collection, key, version, body: JSON.parse(body) as T };
}

function rawBatch({ guards, puts, removes, appends, settled = [] }: Batch): RawBatch {
  return {
    guards: guards.map(({ collection, key, version }) => [collection, key, version]),
    puts: puts.map(({ collection, key, body }) => [collection, key, JSON.stringify(body)]),
    removes: removes.map(({ collection, key }) => [collection, key]),
    appends: appends.map(({ log, org, body }) => [log, log === 'outbox' ? outboxOrg : org, JSON.stringify(body)]),
    settled,
  };
}

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

class StoreThread {
  readonly opened: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #open = false;
  #ended = false;

  constructor(path: string) {
    const holder = { host: hostname(), pid: process.pid };
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: { path, holder },
      execArgv: [],
    });
    this.opened = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the worker thread ended')));
  }

  call<T>(call: WorkerCall): Promise<T> {
    if (this.#ended) return Promise.reject(new StoreError('closed', 'Cannot use the graph store: it is closed'));
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, call });
    });
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    const closed = this.#open ? this.call({ op: 'close' }) : Promise.resolve();
    this.#ended = true;
    await closed;
    await this.#worker.terminate();
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.id === 0 && 'value' in reply) this.#open = true;
    if ('value' in reply) waiting?.resolve(reply.value);
    else waiting?.reject(new StoreError(reply.error.code as StoreError['code'], reply.error.message));
  }

  #fail(cause: Error): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values())
      reject(new StoreError('closed', `Cannot use the graph store: ${cause.message}`, { cause }));
    this.#waiting.clear();
  }
}
