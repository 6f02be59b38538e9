import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type RawBatch, SqliteDatabase } from './sqlite-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'msx-crash-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const holder = { host: 'test', pid: process.pid };
const batches = 12;
const walHeader = 32;
const frame = 4096 + 24; // a page and its header

/** Three documents, an entry and an outbox row, large enough for several pages; every second one removes what the last one put. */
function batchOf(n: number): RawBatch {
  const body = JSON.stringify({ n, padding: 'x'.repeat(3_000) });
  return {
    guards: [['meta', 'n', n - 1]],
    puts: [
      ['meta', 'n', JSON.stringify(n)],
      ['journal', `o/e/${String(n).padStart(4, '0')}`, body],
      ['artifacts', `o/${n}`, body],
    ],
    removes: n % 2 === 0 ? [['artifacts', `o/${n - 1}`]] : [],
    appends: [
      ['audit', 'o', JSON.stringify({ n })],
      ['outbox', '*', JSON.stringify({ n })],
    ],
    settled: n % 2 === 0 ? [n - 1] : [],
  };
}

function stateOf(db: SqliteDatabase) {
  const keys = (collection: string) =>
    db
      .scan({ collection, prefix: 'o/', after: null, limit: -1, reverse: false })
      .map(({ key, version }) => [key, version]);
  const [row] = db.get([['meta', 'n']]);
  return {
    n: row === null || row === undefined ? 0 : (JSON.parse(row.body) as number),
    journal: keys('journal'),
    artifacts: keys('artifacts'),
    audit: db.readLog('audit', 'o', 0, -1).map(({ n, leafHash }) => [n, leafHash]),
    outbox: db.readLog('outbox', '*', 0, -1).map(({ n }) => n),
  };
}

/** What a file opens as; it goes on from there with one more commit. */
function recovered(path: string) {
  using db = new SqliteDatabase(path, holder);
  const state = stateOf(db);
  const [next] = db.commitAll([batchOf(state.n + 1)]);
  expect(next).toMatchObject({ kind: 'committed', version: state.n + 1 });
  return state;
}

test('a crash between any two writes to the disk leaves whole commits, all before it and none after it', () => {
  const path = join(folder, 'graph.db');
  const log = `${path}-wal`;
  const after: { readonly walBytes: number; readonly state: ReturnType<typeof stateOf> }[] = [];
  {
    using db = new SqliteDatabase(path, holder);
    after.push({ walBytes: statSync(log).size, state: stateOf(db) });
    for (let n = 1; n <= batches; n++) {
      expect(db.commitAll([batchOf(n)])).toMatchObject([{ kind: 'committed', version: n }]);
      after.push({ walBytes: statSync(log).size, state: stateOf(db) });
    }
    copyFileSync(path, join(folder, 'kept.db'));
    copyFileSync(log, join(folder, 'kept.wal'));
  }
  const size = statSync(join(folder, 'kept.wal')).size;
  const begun = after[0]?.walBytes ?? 0;
  const seen = new Set<number>();
  for (let cut = begun; cut <= size; cut += frame / 2) {
    const copy = join(folder, 'cut.db');
    copyFileSync(join(folder, 'kept.db'), copy);
    rmSync(`${copy}-shm`, { force: true });
    copyFileSync(join(folder, 'kept.wal'), `${copy}-wal`);
    truncateSync(`${copy}-wal`, cut);
    const state = recovered(copy);
    const acknowledged = after.findLast(({ walBytes }) => walBytes <= cut)?.state;
    expect(state, `cut at ${cut} of ${size}`).toEqual(acknowledged);
    seen.add(state.n);
  }
  expect((begun - walHeader) % frame).toBe(0);
  expect([...seen]).toEqual(Array.from({ length: batches + 1 }, (_, n) => n));
});

test('a flipped bit in what was written last costs the commits behind it, and never a part of one', () => {
  const wal = readFileSync(join(folder, 'kept.wal'));
  const found = new Set<number>();
  for (let at = wal.length - 10; at > wal.length - 40 * frame && at > walHeader; at -= 2 * frame + 7) {
    const copy = join(folder, 'bit.db');
    copyFileSync(join(folder, 'kept.db'), copy);
    rmSync(`${copy}-shm`, { force: true });
    const broken = Buffer.from(wal);
    broken.writeUInt8(broken.readUInt8(at) ^ 4, at);
    writeFileSync(`${copy}-wal`, broken);
    const state = recovered(copy);
    expect(state.journal.map(([, version]) => version)).toEqual(Array.from({ length: state.n }, (_, n) => n + 1));
    expect(state.audit.map(([n]) => n)).toEqual(state.journal.map(([, version]) => version));
    found.add(state.n);
  }
  expect(found.size).toBeGreaterThan(3);
});
