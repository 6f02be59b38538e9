// Owns: the one writer of a database file. The lock is a transaction that stays open on a small database beside it, so
// the kernel drops it with the process that held it; the row inside is only for people.
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './graph-store.ts';

export type Holder = { readonly host: string; readonly pid: number };

/** Takes the lock of a database file. Throws `StoreError` code `locked` that names who has it. */
export function takeLock(path: string, self: Holder): Disposable {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode=DELETE');
    for (;;) {
      write(lock, self);
      lock.exec('BEGIN IMMEDIATE');
      const holder = readHolder(lock);
      if (holder?.pid === self.pid && holder.host === self.host) break;
      lock.exec('ROLLBACK'); // somebody wrote between the two transactions, and has ended since
    }
  } catch (error) {
    const holder = isBusy(error) ? readHolder(lock) : undefined;
    lock.close();
    if (!isBusy(error)) throw error;
    throw new StoreError('locked', lockedSentence(path, holder), { cause: error });
  }
  return { [Symbol.dispose]: () => lock.close() };
}

function lockedSentence(path: string, holder: Holder | undefined): string {
  const by = holder ? `process ${holder.pid} on "${holder.host}"` : 'another process';
  return `Cannot open the graph store "${path}": ${by} writes to it; stop that one first, or choose another MSX_DB`;
}

function write(lock: DatabaseSync, { host, pid }: Holder): void {
  lock.exec('BEGIN IMMEDIATE');
  lock.exec('CREATE TABLE IF NOT EXISTS holder (host TEXT NOT NULL, pid INTEGER NOT NULL) STRICT');
  lock.exec('DELETE FROM holder');
  lock.prepare('INSERT INTO holder (host, pid) VALUES (?, ?)').run(host, pid);
  lock.exec('COMMIT');
}

function readHolder(lock: DatabaseSync): Holder | undefined {
  try {
    const row = lock.prepare('SELECT host, pid FROM holder LIMIT 1').get() as Holder | undefined;
    return row === undefined ? undefined : { host: row.host, pid: row.pid };
  } catch {
    return undefined; // the holder is about to write its name
  }
}

const sqliteBusy = 5;

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === sqliteBusy;
}
