// Owns: the SQLite adapter of the graph store as the rest of the service sees it. Talks to its worker thread.
// 1. Calls of one turn travel as one message, and so do their answers: to wake a thread costs more than a small query.
// 2. Answers are read in the order in which the database did the work, so the cache never goes back.
// 3. A call after the end of the worker rejects, it does not wait for ever.
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { artifactLiteral } from '@microstax/model/artifact-literal';
import type { Digest } from '@microstax/model/digest';
import type { Collection, LogName, Place, Put } from '../../core/changes.ts';
import type { ArtifactDocument } from '../../core/documents.ts';
import { type Cached, DocumentCache } from './document-cache.ts';
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
import type { WorkerCall, WorkerMessage, WorkerReply } from './sqlite-worker.ts';

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

const cachedCharsMax = 64 * 1024 * 1024; // the documents and artifacts of what is under way

class SqliteStore implements GraphStore {
  readonly #thread: StoreThread;
  readonly #cache = new DocumentCache(cachedCharsMax);

  constructor(thread: StoreThread) {
    this.#thread = thread;
  }

  async get<T>(collection: Collection, key: string): Promise<Stored<T> | undefined> {
    return (await this.getMany<T>([{ collection, key }]))[0];
  }

  async getMany<T>(places: readonly Place[]): Promise<readonly (Stored<T> | undefined)[]> {
    const known = places.map((place) => this.#cache.get(place));
    const unknown = places.filter((_, index) => known[index] === undefined);
    const read = unknown.length === 0 ? [] : await this.#read(unknown);
    let taken = 0;
    return places.map((place, index) => {
      const cached = known[index] ?? (read[taken++] as Cached);
      return cached.version === 0 ? undefined : new CachedRow<T>(place, cached);
    });
  }

  #read(places: readonly Place[]): Promise<readonly Cached[]> {
    const call: WorkerCall = { op: 'get', places: places.map(({ collection, key }) => [collection, key]) };
    return this.#thread.call(call, (rows: readonly (RawStored | null)[]) =>
      places.map((place, index) => {
        const row = rows[index];
        return this.#cache.set(place, row?.version ?? 0, row?.body ?? null);
      }),
    );
  }

  async scan<T>(collection: Collection, range: ScanRange): Promise<readonly Stored<T>[]> {
    const { prefix, after = null, limit = -1, reverse = false } = range;
    const call: WorkerCall = { op: 'scan', scan: { collection, prefix, after, limit, reverse } };
    const rows = await this.#thread.call(call, (raw: readonly RawStored[]) => raw);
    return rows.map(({ key, version, body }) => ({ collection, key, version, body: JSON.parse(body) as T }));
  }

  async readLog<T>(
    log: LogName,
    { org = outboxOrg, after = 0, limit = -1 }: { org?: string; after?: number; limit?: number },
  ): Promise<readonly LogRow<T>[]> {
    const partition = log === 'outbox' ? outboxOrg : org;
    const call: WorkerCall = { op: 'readLog', log, org: partition, after, limit };
    const rows = await this.#thread.call(call, (raw: readonly RawLogRow[]) => raw);
    return rows.map(({ n, body, leafHash }) => ({ log, org: partition, n, body: JSON.parse(body) as T, leafHash }));
  }

  async commit(batch: Batch): Promise<CommitResult> {
    const raw = rawBatch(batch);
    const result = await this.#thread.call({ op: 'commit', batch: raw }, (answer: RawCommit) => {
      if (answer.kind === 'committed') this.#remember(batch, raw, answer.version);
      return answer;
    });
    if (result.kind === 'conflict') {
      const [collection, key] = result.at;
      return { ...result, at: { collection: collection as Collection, key } };
    }
    const appended = batch.appends.map(({ log, org }, index) => ({ log, org, n: result.numbers[index] as number }));
    return { kind: 'committed', version: result.version, appended };
  }

  #remember({ puts, removes }: Batch, raw: RawBatch, version: number): void {
    for (const [index, put] of puts.entries()) {
      this.#cache.set(put, version, raw.puts[index]?.[2] ?? null, put.body); // what was decided on is read again soon
    }
    for (const place of removes) this.#cache.set(place, 0, null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.end();
  }
}

/** Its body is parsed only where somebody looks at it. */
class CachedRow<T> implements Stored<T> {
  readonly collection: Collection;
  readonly key: string;
  readonly version: number;
  readonly #cached: Cached;

  constructor({ collection, key }: Place, cached: Cached) {
    this.collection = collection;
    this.key = key;
    this.version = cached.version;
    this.#cached = cached;
  }

  get body(): T {
    return this.#cached.body as T;
  }
}

function rawBatch({ guards, puts, removes, appends, settled = [] }: Batch): RawBatch {
  return {
    guards: guards.map(({ collection, key, version }) => [collection, key, version]),
    puts: puts.map((put) => [put.collection, put.key, textOf(put)]),
    removes: removes.map(({ collection, key }) => [collection, key]),
    appends: appends.map(({ log, org, body }) => [log, log === 'outbox' ? outboxOrg : org, JSON.stringify(body)]),
    settled,
  };
}

/** A document's JSON. The text of an artifact, whose key ends with its digest, is the one that its event has. */
function textOf({ collection, key, body }: Put): string {
  if (collection !== 'artifacts') return JSON.stringify(body);
  const { kind, bytes } = body as Partial<ArtifactDocument>;
  if (kind === undefined || bytes === undefined) return JSON.stringify(body);
  const digest = key.slice(key.lastIndexOf('/') + 1) as Digest;
  return `{"kind":"${kind}","bytes":${artifactLiteral({ digest, bytes })}}`;
}

type Waiting = { readonly settle: (value: unknown) => void; readonly reject: (error: Error) => void };

class StoreThread {
  readonly opened: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #outgoing: WorkerMessage[] = [];
  #lastId = 0;
  #open = false;
  #ended = false;

  constructor(path: string) {
    const holder = { host: hostname(), pid: process.pid };
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: { path, holder },
      execArgv: [],
    });
    this.opened = new Promise((resolve, reject) => this.#waiting.set(0, { settle: resolve, reject }));
    this.#worker.on('message', (replies: readonly WorkerReply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the worker thread ended')));
  }

  /** `read` sees the answer before any later one is looked at (invariant 2). */
  call<Raw, T>(call: WorkerCall, read: (raw: Raw) => T): Promise<T> {
    if (this.#ended) return Promise.reject(new StoreError('closed', 'Cannot use the graph store: it is closed'));
    const id = ++this.#lastId;
    if (this.#outgoing.push({ id, call }) === 1) queueMicrotask(() => this.#send());
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { settle: (value) => resolve(read(value as Raw)), reject });
    });
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    const closed = this.#open ? this.call({ op: 'close' }, () => undefined) : undefined;
    this.#ended = true;
    await closed;
    await this.#worker.terminate();
  }

  #send(): void {
    const messages = this.#outgoing;
    this.#outgoing = [];
    this.#worker.postMessage(messages);
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.id === 0 && 'value' in reply) this.#open = true;
    if ('value' in reply) waiting?.settle(reply.value);
    else waiting?.reject(new StoreError(reply.error.code as StoreError['code'], reply.error.message));
  }

  #fail(cause: Error): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values())
      reject(new StoreError('closed', `Cannot use the graph store: ${cause.message}`, { cause }));
    this.#waiting.clear();
  }
}
