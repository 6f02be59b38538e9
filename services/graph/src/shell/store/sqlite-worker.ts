// The worker thread of the SQLite adapter. Whatever has arrived is done at once: reads first, then all commits in one
// transaction, because under load it is the sync to disk that everybody waits for.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { must } from '@microstax/model/must';
import { type RawBatch, type RawPlace, type RawScan, SqliteDatabase } from './sqlite-database.ts';
import type { Holder } from './sqlite-lock.ts';

export type WorkerCall =
  | { readonly op: 'get'; readonly places: readonly RawPlace[] }
  | { readonly op: 'scan'; readonly scan: RawScan }
  | {
      readonly op: 'readLog';
      readonly log: string;
      readonly org: string;
      readonly after: number;
      readonly limit: number;
    }
  | { readonly op: 'commit'; readonly batch: RawBatch }
  | { readonly op: 'close' };
export type WorkerMessage = { readonly id: number; readonly call: WorkerCall };
export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

const port = must(parentPort, 'the SQLite worker is started as a worker');
const { path, holder } = workerData as { path: string; holder: Holder };

const groupMax = 64; // commits in one transaction: bounds what one of them waits for

const database = open();
if (database) port.on('message', (messages: readonly WorkerMessage[]) => answerAll(messages, database));

function open(): SqliteDatabase | undefined {
  try {
    const opened = new SqliteDatabase(path, holder);
    say([{ id: 0, value: null }]);
    return opened;
  } catch (error) {
    say([{ id: 0, error: errorText(error) }]);
    return undefined;
  }
}

function answerAll(first: readonly WorkerMessage[], db: SqliteDatabase): void {
  const messages = [...first, ...arrived()];
  const commits = messages.flatMap(({ id, call }) => (call.op === 'commit' ? [{ id, batch: call.batch }] : []));
  const reads = messages.filter(({ call }) => call.op !== 'commit' && call.op !== 'close');
  // None of these reads was asked for with a commit of these in mind: that one's answer is not there yet.
  if (reads.length > 0) say(reads.map(({ id, call }) => attempt(id, () => read(call, db))));
  while (commits.length > 0) commitGroup(commits.splice(0, groupMax), db);
  const close = messages.find(({ call }) => call.op === 'close');
  if (close === undefined) return;
  say([attempt(close.id, () => end(db))]);
  port.close();
}

function arrived(): readonly WorkerMessage[] {
  const found: WorkerMessage[] = [];
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: readonly WorkerMessage[] } | undefined;
    if (received === undefined) return found;
    found.push(...received.message);
  }
}

type Commit = { readonly id: number; readonly batch: RawBatch };

function commitGroup(commits: readonly Commit[], db: SqliteDatabase): void {
  try {
    const results = db.commitAll(commits.map(({ batch }) => batch));
    say(commits.map(({ id }, index) => ({ id, value: results[index] })));
  } catch (error) {
    // Nothing of the group was kept. One bad batch is not to spoil the others: each on its own.
    if (commits.length === 1) say(commits.map(({ id }) => ({ id, error: errorText(error) })));
    else for (const commit of commits) commitGroup([commit], db);
  }
}

function read(call: WorkerCall, db: SqliteDatabase): unknown {
  switch (call.op) {
    case 'get':
      return db.get(call.places);
    case 'scan':
      return db.scan(call.scan);
    case 'readLog':
      return db.readLog(call.log, call.org, call.after, call.limit);
    case 'commit':
    case 'close':
      throw new TypeError(`Cannot read by "${call.op}"`);
  }
}

function end(db: SqliteDatabase): null {
  db[Symbol.dispose]();
  return null;
}

function attempt(id: number, work: () => unknown): WorkerReply {
  try {
    return { id, value: work() };
  } catch (error) {
    return { id, error: errorText(error) };
  }
}

function say(replies: readonly WorkerReply[]): void {
  port.postMessage(replies);
}

function errorText(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: string; message: string };
  return { code: code ?? 'failed', message };
}
