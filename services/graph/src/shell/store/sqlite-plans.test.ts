import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { migrate, statements } from './sqlite-schema.ts';

/** Statements that may read a whole table, each with the reason. */
const mayScan: Readonly<Record<string, string>> = {
  'SELECT host, pid FROM holder LIMIT 1': 'the table has one row',
  'DELETE FROM holder': 'the table has one row',
  'SELECT n FROM migrations ORDER BY n DESC LIMIT 1': 'reads the end of the key, one row',
};

/** What is prepared or executed by an expression: texts that stand in these files, and `results.some(…) ? 'COMMIT' : …`. */
const named: ReadonlySet<string> = new Set(['sql', 'versionOfOld', 'results']);

const files = globSync('sqlite-*.ts', { cwd: import.meta.dirname, exclude: ['*.test.ts'] });
const sources = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'));
const literal = /(['"`])(\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE)\b[\s\S]*?)\1/g;
const calls = sources.flatMap((text) => [...text.matchAll(/\.(?:prepare|exec)\(\s*(\w+|['"`])/g)].map(([, by]) => by));
const queries = [...new Set(sources.flatMap((text) => [...text.matchAll(literal)].map(([, , sql]) => sql as string)))];

function database(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  db.exec('CREATE TABLE holder (host TEXT NOT NULL, pid INTEGER NOT NULL) STRICT');
  return db;
}

function planOf(db: DatabaseSync, sql: string): string {
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...sql.matchAll(/\?/g).map(() => 'x'));
  return rows.map((row) => (row as { detail: string }).detail).join('; ');
}

test('every statement of the store is seen here', () => {
  expect(queries).toEqual(expect.arrayContaining(Object.values(statements)));
  expect(queries.length).toBeGreaterThan(Object.keys(statements).length);
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.filter((by) => by !== undefined && /\w/.test(by) && !named.has(by))).toEqual([]);
  expect(queries.filter((sql) => sql.includes('${'))).toEqual([]);
  for (const sql of Object.keys(mayScan)) expect(queries).toContain(sql);
});

test.each(queries)('%s scans no table', (sql) => {
  using db = database();
  const plan = planOf(db, sql);
  if (mayScan[sql] === undefined) expect(plan).not.toMatch(/SCAN|USE TEMP B-TREE/);
  if (mayScan[sql] === undefined && /^(?:SELECT|DELETE)/.test(sql))
    expect(plan).toMatch(/^SEARCH \w+ USING PRIMARY KEY \([^)]*\)$/);
});

test('a statement that does scan is caught', () => {
  using db = database();
  expect(planOf(db, 'SELECT key FROM documents WHERE body = ?')).toMatch(/SCAN/);
  expect(planOf(db, 'SELECT body FROM documents WHERE collection = ? ORDER BY version')).toMatch(/USE TEMP B-TREE/);
});
