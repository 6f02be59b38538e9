import type { DatabaseSync } from 'node:sqlite';

/** One entry per change of the tables, never edited once released. */
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
];

/** Every query of the adapter, so that a test can ask how each one is answered. */
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

/** Brings the tables up to date. Throws where the file was written by a newer version than this one. */
export function migrate(db: DatabaseSync): void {
  db.exec('CREATE TABLE IF NOT EXISTS migrations (n INTEGER NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID');
  const row = db.prepare('SELECT COALESCE(MAX(n), 0) AS n FROM migrations').get() as { n: number };
  if (row.n > migrations.length)
    throw new Error(
      `Cannot open the graph store: its tables have version ${row.n}, this program knows up to ${migrations.length}; start a newer one`,
    );
  for (const [index, sql] of migrations.entries()) {
    if (index < row.n) continue;
    db.exec('BEGIN IMMEDIATE');
    db.exec(sql);
    db.prepare('INSERT INTO migrations (n) VALUES (?)').run(index + 1);
    db.exec('COMMIT');
  }
}
