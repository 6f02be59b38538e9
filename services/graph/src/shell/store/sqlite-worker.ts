// The worker thread of the SQLite adapter: one message per call, answered in order.
import { parentPort, workerData } from 'node:worker_threads';
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
export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

const port = must(parentPort, 'the SQLite worker is started as a worker');
const { path, holder } = workerData as { path: string; holder: Holder };

const database = open();
if (database) port.on('message', ({ id, call }: { id: number; call: WorkerCall }) => answer(id, call, database));

function open(): SqliteDatabase | undefined {
  try {
    const opened = new SqliteDatabase(path, holder);
    port.postMessage({ id: 0, value: null } satisfies WorkerReply);
    return opened;
  } catch (error) {
    port.postMessage({ id: 0, error: errorText(error) } satisfies WorkerReply);
    return undefined;
  }
}

function answer(id: number, call: WorkerCall, db: SqliteDatabase): void {
  try {
    port.postMessage({ id, value: run(call, db) } satisfies WorkerReply);
  } catch (error) {
    port.postMessage({ id, error: errorText(error) } satisfies WorkerReply);
  }
  if (call.op === 'close') port.close();
}

function run(call: WorkerCall, db: SqliteDatabase): unknown {
  switch (call.op) {
    case 'get':
      return db.get(call.places);
    case 'scan':
      return db.scan(call.scan);
    case 'readLog':
      return db.readLog(call.log, call.org, call.after, call.limit);
    case 'commit':
      return db.commit(call.batch);
    case 'close':
      db[Symbol.dispose]();
      return null;
  }
}

function errorText(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: string; message: string };
  return { code: code ?? 'failed', message };
}
