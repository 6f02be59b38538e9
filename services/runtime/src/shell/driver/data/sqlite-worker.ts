import { backup, DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { Column } from '../../../core/data/classify-columns.ts';
import { sanitiseValue, type ValueShape } from '../../../core/data/sanitise-value.ts';
import { keyedBy } from './keyed-by.ts';
import type { SqliteAnswer, SqliteTask } from './sqlite-task.ts';

const busyMs = 10_000;
/** Ours, in a database of somebody else's: which steps of seeds were done. */
const stepTable = 'microstax_seed_steps';

async function perform(task: SqliteTask): Promise<SqliteAnswer> {
  const answer: SqliteAnswer = { columns: [], already: false };
  const database = new DatabaseSync(task.file, { timeout: busyMs, readOnly: task.kind === 'columns' });
  try {
    switch (task.kind) {
      case 'backup':
        await backup(database, task.target);
        return answer;
      case 'columns':
        return { ...answer, columns: columnsOf(database) };
      case 'sanitise':
        sanitise(database, task);
        return answer;
      case 'seed':
        return { ...answer, already: seed(database, task) };
    }
  } finally {
    database.close();
  }
}

type Row = Readonly<Record<string, unknown>>;

function columnsOf(database: DatabaseSync): readonly Column[] {
  const tables = database
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ? ORDER BY name",
    )
    .all(stepTable) as readonly Row[];
  return tables.flatMap(({ name }) => {
    const table = String(name);
    const rows = database
      .prepare('SELECT name, type, "notnull", pk FROM pragma_table_info(?)')
      .all(table) as readonly Row[];
    return rows.map(({ name: column, type, notnull, pk }) => ({
      table,
      column: String(column),
      shape: shapeOf(String(type).toUpperCase(), pk !== 0),
      required: notnull !== 0 || pk !== 0,
    }));
  });
}

// By SQLite's own rule of affinities; a row id is an integer of any size.
function shapeOf(type: string, isKey: boolean): ValueShape {
  const sized = /\((\d+)\)/.exec(type)?.[1];
  if (type.includes('INT')) return { kind: isKey || type.includes('BIG') ? 'bigint' : 'integer' };
  if (/CHAR|CLOB|TEXT/.test(type)) return { kind: 'text', ...(sized === undefined ? {} : { charsMax: Number(sized) }) };
  return { kind: 'other' };
}

function sanitise(database: DatabaseSync, { columns, ways, secret }: Extract<SqliteTask, { kind: 'sanitise' }>): void {
  const keyed = keyedBy(secret);
  database.exec('PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON; BEGIN IMMEDIATE');
  // A trigger could copy what is about to go.
  const triggers = database
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all() as readonly Row[];
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${quoted(String(name))}`);
  for (const [index, { table, column, shape }] of columns.entries()) {
    const way = ways[index] ?? 'keep';
    if (way === 'keep') continue;
    const [at, of] = [quoted(column), quoted(table)];
    if (way === 'nullify') {
      database.exec(`UPDATE ${of} SET ${at} = NULL`);
      continue;
    }
    const name = `msx_${index}`;
    database.function(name, { deterministic: true }, (value) => {
      const text = sanitiseValue(way, String(value), shape, keyed);
      // A column of numbers stays one.
      return text !== null && shape.kind !== 'text' && typeof value !== 'string' ? BigInt(text) : text;
    });
    database.exec(`UPDATE ${of} SET ${at} = ${name}(${at}) WHERE ${at} IS NOT NULL`);
  }
  for (const { sql } of triggers) database.exec(String(sql));
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
}

/** Whether it had been done already. */
function seed(database: DatabaseSync, { sql, key }: Extract<SqliteTask, { kind: 'seed' }>): boolean {
  database.exec(`BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS ${stepTable} (key TEXT PRIMARY KEY)`);
  const already = database.prepare(`SELECT 1 FROM ${stepTable} WHERE key = ?`).get(key) !== undefined;
  if (!already) {
    database.exec(sql);
    database.prepare(`INSERT INTO ${stepTable} VALUES (?)`).run(key);
  }
  database.exec('COMMIT');
  return already;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

perform(workerData as SqliteTask).then(
  (answer) => parentPort?.postMessage(answer),
  (error: unknown) => parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) }),
);
