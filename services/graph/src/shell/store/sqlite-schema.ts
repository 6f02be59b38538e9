import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './graph-store.ts';

/** One entry per change of the tables, forward only, never edited once released; the number of the last is `user_version`. */
const migrations: readonly string[] = [
  `CREATE TABLE documents (
     collection TEXT NOT NULL,
     key TEXT NOT NULL,
     version INTEGER NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (collection, key)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE log_rows (
     log TEXT NOT NULL,
     org TEXT NOT NULL,
     n INTEGER NOT NULL,
     body TEXT NOT NULL,
     leaf_hash TEXT,
     PRIMARY KEY (log, org, n)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE counters (
     name TEXT NOT NULL PRIMARY KEY,
     value INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // Programs of version 1 look here and not at `user_version`: one of them says that a newer one is wanted.
  `CREATE TABLE IF NOT EXISTS migrations (n INTEGER NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
   INSERT INTO migrations (n) VALUES (2);`,
];

/** Every query of the store, so that a test can ask how each one is answered. */
export const statements = {
  get: 'SELECT version, body FROM documents WHERE collection = ? AND key = ?',
  version: 'SELECT version FROM documents WHERE collection = ? AND key = ?',
  put: `INSERT INTO documents (collection, key, version, body) VALUES (?, ?, ?, ?)
        ON CONFLICT (collection, key) DO UPDATE SET version = excluded.version, body = excluded.body`,
  remove: 'DELETE FROM documents WHERE collection = ? AND key = ?',
  scan: `SELECT key, version, body FROM documents
         WHERE collection = ? AND key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?`,
  scanBack: `SELECT key, version, body FROM documents
             WHERE collection = ? AND key < ? AND key < ? AND key >= ? ORDER BY key DESC LIMIT ?`,
  readLog: 'SELECT n, body, leaf_hash FROM log_rows WHERE log = ? AND org = ? AND n > ? ORDER BY n LIMIT ?',
  append: 'INSERT INTO log_rows (log, org, n, body, leaf_hash) VALUES (?, ?, ?, ?, ?)',
  settle: 'DELETE FROM log_rows WHERE log = ? AND org = ? AND n = ?',
  count: `INSERT INTO counters (name, value) VALUES (?, 1)
          ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`,
} as const;

/** What a file of version 1 says of itself. */
const versionOfOld = 'SELECT n FROM migrations ORDER BY n DESC LIMIT 1';

/** Brings the tables up to date. Throws where the file was written by a newer program than this one. */
export function migrate(db: DatabaseSync): void {
  const version = versionOf(db);
  if (version > migrations.length)
    throw new StoreError(
      'failed',
      `Cannot open the graph store: its tables have version ${version}, this program knows up to ${migrations.length}; start a newer one`,
    );
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(sql);
      db.exec(`PRAGMA user_version=${index + 1}`); // part of the transaction
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }
}

function versionOf(db: DatabaseSync): number {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > 0) return version;
  if (db.prepare('PRAGMA table_info(migrations)').get() === undefined) return 0;
  return (db.prepare(versionOfOld).get() as { n: number } | undefined)?.n ?? 0;
}
