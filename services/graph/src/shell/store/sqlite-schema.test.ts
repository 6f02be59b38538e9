import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { migrate } from './sqlite-schema.ts';
import { openSqliteStore } from './sqlite-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'msx-schema-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const versionOf = (db: DatabaseSync) =>
  (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;

/** A file as version 1 of the tables left it, with a document, a counter and an entry of each log. */
function fileOfVersion1(name: string): string {
  const path = join(folder, name);
  using db = new DatabaseSync(path);
  db.exec(`
    CREATE TABLE migrations (n INTEGER NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE documents (collection TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (collection, key)) STRICT, WITHOUT ROWID;
    CREATE TABLE log_rows (log TEXT NOT NULL, org TEXT NOT NULL, n INTEGER NOT NULL, body TEXT NOT NULL, leaf_hash TEXT,
      PRIMARY KEY (log, org, n)) STRICT, WITHOUT ROWID;
    CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO migrations VALUES (1);
    INSERT INTO counters VALUES ('version', 5), ('audit/default', 1), ('outbox/*', 3);
    INSERT INTO documents VALUES ('environments', 'default/shop', 5, '{"env":"shop"}');
    INSERT INTO log_rows VALUES ('audit', 'default', 1, '{"n":1}', 'aa'), ('outbox', '*', 3, '{}', NULL);`);
  return path;
}

test('a file of version 1 opens, keeps what it held and goes on counting', async () => {
  const path = fileOfVersion1('old.db');
  {
    await using store = await openSqliteStore(path);
    expect(await store.get('environments', 'default/shop')).toMatchObject({ version: 5, body: { env: 'shop' } });
    expect(await store.readLog('audit', { org: 'default' })).toMatchObject([{ n: 1, body: { n: 1 }, leafHash: 'aa' }]);
    const appends = [
      { log: 'audit', org: 'default', body: {} },
      { log: 'outbox', org: 'default', body: {} },
    ] as const;
    const result = await store.commit({ guards: [], puts: [], removes: [], appends });
    expect(result).toMatchObject({ kind: 'committed', version: 6, appended: [{ n: 2 }, { n: 4 }] });
  }
  using db = new DatabaseSync(path);
  expect(versionOf(db)).toBe(2);
});

test('migrations run once, whether they begin at nothing, at version 1 or half way', () => {
  using fresh = new DatabaseSync(':memory:');
  migrate(fresh);
  migrate(fresh);
  using old = new DatabaseSync(fileOfVersion1('half.db'));
  migrate(old);
  migrate(old);
  const tables = (db: DatabaseSync) =>
    db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all()
      .map((row) => (row as { name: string }).name);
  expect(tables(old)).toEqual(tables(fresh));
  expect([versionOf(fresh), versionOf(old)]).toEqual([2, 2]);
});

test('a file of a newer program is refused with a sentence, and left as it was', async () => {
  const path = join(folder, 'newer.db');
  {
    using db = new DatabaseSync(path);
    db.exec('PRAGMA user_version=99');
  }
  await expect(openSqliteStore(path)).rejects.toThrow(
    'Cannot open the graph store: its tables have version 99, this program knows up to 2; start a newer one',
  );
  using db = new DatabaseSync(path);
  expect(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()).toMatchObject({ n: 0 });
});

test('a program of version 1 finds a number in the place where it looks that is newer than its own', () => {
  using db = new DatabaseSync(':memory:');
  migrate(db);
  expect(db.prepare('SELECT MAX(n) AS n FROM migrations').get()).toMatchObject({ n: 2 });
});
