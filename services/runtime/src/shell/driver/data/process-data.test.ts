import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SnapshotItem } from '@microstax/contracts/data-requests';
import type { InstanceRecord } from '@microstax/model/journal';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aSpec } from '../../../core/testing/plans.ts';
import type { DataOutcome } from '../data-hands.ts';
import type { Fence } from '../driver.ts';
import { foldersOf } from '../folders.ts';
import { ProcessData } from './process-data.ts';

const shop = { org: 'default', env: 'shop' };
const feat = { org: 'default', env: 'feat' };
const spec = aSpec('db', { stateful: true, ports: [] });
const instance: InstanceRecord = {
  ...{ id: 'db-1', service: 'db', runDigest: 'sha256:0', pid: 1, startTime: '0', bootId: 'none', ports: {}, epoch: 1 },
};
const about = { generation: 4, plan: 'sha256:p', revision: 'sha256:r', takenAt: 7 } as const;
let dataDir: string;
let data: ProcessData;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'msx-data-'));
  data = new ProcessData({ dataDir, host: { PATH: process.env.PATH ?? '' }, seeds: join(dataDir, 'seeds') });
  await mkdir(folderOf(shop), { recursive: true });
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const folderOf = (scope: typeof shop) => join(foldersOf(dataDir, scope).data, 'db');

/** `users` with a trigger that copies what goes, and `orders` of theirs. */
function makeDatabase(file = join(folderOf(shop), 'shop.db')): void {
  using database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name VARCHAR(20), age INT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, email TEXT REFERENCES users (email));
    CREATE TABLE trail (old TEXT);
    CREATE TRIGGER t AFTER UPDATE ON users BEGIN INSERT INTO trail VALUES (OLD.email); END;
    INSERT INTO users VALUES (1, 'ada@lovelace.example', 'Ada', 36), (2, 'alan@turing.example', NULL, 41);
    INSERT INTO orders VALUES (1, 'ada@lovelace.example'), (2, 'ada@lovelace.example');`);
}

function rowsOf(scope: typeof shop, sql: string): unknown[] {
  using database = new DatabaseSync(join(folderOf(scope), 'shop.db'), { readOnly: true });
  return database
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
}

async function taken(name = 'nightly'): Promise<SnapshotItem> {
  const outcome = await data.take({
    scope: shop,
    name,
    keepers: [{ spec, instance: undefined }],
    running: [],
    strangers: [],
    about,
  });
  if (outcome.kind !== 'taken') throw new Error(outcome.reason);
  return outcome.snapshot;
}

function restore(
  snapshot: SnapshotItem,
  rules: Parameters<ProcessData['restore']>[0]['rules'] = {},
  fence: Fence = 'passed',
): Promise<DataOutcome> {
  return data.restore({
    scope: feat,
    spec,
    instance,
    snapshot,
    rules,
    signal: new AbortController().signal,
    fence: async () => fence,
    async whileStopped(exchange) {
      if (fence === 'fenced') return { kind: 'fenced' };
      await exchange();
      return { kind: 'done', reason: 'started again' };
    },
  });
}

const sanitise = {
  'users.id': 'keep',
  'users.email': 'fake',
  'users.name': 'mask',
  'users.age': 'hash',
  'orders.id': 'keep',
  'orders.email': 'fake',
  'trail.old': 'nullify',
} as const;

test('files, folders and databases come back as they were, and say where they came from', async () => {
  makeDatabase();
  await mkdir(join(folderOf(shop), 'a/empty'), { recursive: true });
  await writeFile(join(folderOf(shop), 'a/notes.txt'), 'hello');
  await symlink('notes.txt', join(folderOf(shop), 'a/link'));
  const snapshot = await taken();
  expect(snapshot).toMatchObject({
    ...about,
    consistency: { kind: 'at rest' },
    services: [{ engine: 'folder', fileCount: 2 }],
  });
  await mkdir(folderOf(feat), { recursive: true });
  await writeFile(join(folderOf(feat), 'before.txt'), 'goes');
  expect(await restore(snapshot)).toMatchObject({
    kind: 'done',
    reason: expect.stringContaining('restored shop/nightly'),
  });
  expect((await readdir(folderOf(feat), { recursive: true })).sort()).toEqual([
    'a',
    'a/empty',
    'a/link',
    'a/notes.txt',
    'shop.db',
  ]);
  expect(await readFile(join(folderOf(feat), 'a/link'), 'utf8')).toBe('hello');
  expect(rowsOf(feat, 'SELECT count(*) AS n FROM users')).toEqual([{ n: 2 }]);
  const again = await data.take({
    scope: feat,
    name: 'own',
    keepers: [{ spec, instance: undefined }],
    running: [],
    strangers: [],
    about,
  });
  expect(again).toMatchObject({
    snapshot: { services: [{ parent: { snapshot: 'shop/nightly', digest: snapshot.digest } }] },
  });
});

test('a database is copied whole while somebody has a transaction open in it', async () => {
  makeDatabase();
  using writer = new DatabaseSync(join(folderOf(shop), 'shop.db'));
  writer.exec("BEGIN IMMEDIATE; INSERT INTO users (email) VALUES ('half@way.example')");
  const snapshot = await taken();
  writer.exec('COMMIT');
  await restore(snapshot);
  expect(rowsOf(feat, 'SELECT count(*) AS n FROM users')).toEqual([{ n: 2 }]);
});

test('what is sanitised stays related, has fired no trigger, and is nowhere in the file any more', async () => {
  makeDatabase();
  expect(await restore(await taken(), { sanitise })).toMatchObject({
    kind: 'done',
    reason: expect.stringMatching(/5 columns of 3 tables sanitised$/),
  });
  const users = rowsOf(feat, 'SELECT * FROM users ORDER BY id') as {
    email: string;
    name: string | null;
    age: number;
  }[];
  expect(users.map(({ name }) => name)).toEqual(['A**', null]);
  expect(
    users.every(
      ({ email, age }) => /^user-[0-9a-f]{10}@example\.com$/.test(email) && Number.isInteger(age) && age !== 36,
    ),
  ).toBe(true);
  expect(rowsOf(feat, 'SELECT email FROM orders')).toEqual([{ email: users[0]?.email }, { email: users[0]?.email }]);
  expect(rowsOf(feat, 'SELECT * FROM trail')).toEqual([]);
  expect(rowsOf(feat, "SELECT name FROM sqlite_schema WHERE type = 'trigger'")).toEqual([{ name: 't' }]);
  for (const file of await readdir(folderOf(feat)))
    expect((await readFile(join(folderOf(feat), file), 'latin1')).includes('lovelace'), file).toBe(false);
});

test('columns and files that nobody classified are refused, and what was there stays', async () => {
  makeDatabase();
  const snapshot = await taken();
  await mkdir(folderOf(feat), { recursive: true });
  await writeFile(join(folderOf(feat), 'before.txt'), 'stays');
  const { 'users.age': _, ...less } = sanitise;
  expect(await restore(snapshot, { sanitise: less })).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/^users\.age is not classified/),
  });
  await writeFile(join(folderOf(shop), 'notes.txt'), 'who knows');
  expect(await restore(await taken('other'), { sanitise })).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/^notes\.txt has no columns/),
  });
  expect(await readdir(folderOf(feat))).toEqual(['before.txt']);
});

test.each([
  [
    'a changed byte',
    async (folder: string) => writeFile(join(folder, 'db', 'notes.txt'), 'Hello'),
    /db\/notes\.txt has checksum/,
  ],
  ['a missing file', async (folder: string) => rm(join(folder, 'db', 'notes.txt')), /db\/notes\.txt cannot be read/],
  ['no manifest', async (folder: string) => rm(join(folder, 'manifest.json')), /has no manifest/],
  [
    'a manifest that was made to fit',
    async (folder: string) => {
      const file = join(folder, 'manifest.json');
      await writeFile(file, (await readFile(file, 'utf8')).replace('"notes.txt","bytes":5', '"notes.txt","bytes":6'));
    },
    /list of files of "db" is not the one that was recorded/,
  ],
])('%s is found before anything is touched', async (_, damage, reason) => {
  await writeFile(join(folderOf(shop), 'notes.txt'), 'hello');
  const snapshot = await taken();
  await damage(join(foldersOf(dataDir, shop).snapshots, 'nightly'));
  expect(await restore(snapshot)).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) });
  expect(await data.check(shop, snapshot)).toMatch(reason);
  await expect(readdir(folderOf(feat))).rejects.toThrow('ENOENT');
});

test('a snapshot is never replaced, and one that is fenced off changes nothing', async () => {
  await writeFile(join(folderOf(shop), 'notes.txt'), 'hello');
  const snapshot = await taken();
  await expect(taken()).rejects.toThrow('there is a snapshot "shop/nightly" already');
  expect(await restore(snapshot, {}, 'fenced')).toEqual({ kind: 'fenced' });
  await expect(readdir(folderOf(feat))).rejects.toThrow('ENOENT');
  expect(await data.check(shop, snapshot)).toBeUndefined();
});

test('a link out of a data directory is refused', async () => {
  await symlink('/etc/passwd', join(folderOf(shop), 'link'));
  await expect(taken()).rejects.toThrow('outside of the data directory');
});

async function writeSeed(
  name: string,
  version: string,
  files: Readonly<Record<string, string>>,
  steps: readonly object[],
): Promise<string> {
  const folder = join(dataDir, 'seeds', `${name}-${version}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'seed.json'), JSON.stringify({ name, version, steps }));
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  return folder;
}

const seed = (name: string, key: `sha256:${string}`, version?: string) =>
  data.seed({
    ...{ scope: shop, spec, instance, name, key },
    ...(version === undefined ? {} : { version }),
    signal: new AbortController().signal,
    fence: async () => 'passed',
  });

test('a step of SQL happens once under one key, whole or not at all', async () => {
  makeDatabase();
  await writeSeed('more', '1', { 'a.sql': "INSERT INTO users (email) VALUES ('x@y.example')" }, [{ sql: 'a.sql' }]);
  expect(await seed('more', 'sha256:1')).toEqual({ kind: 'done', reason: 'seed more@1: 1 step done' });
  expect((await seed('more', 'sha256:1')).kind).toBe('done');
  expect(rowsOf(shop, 'SELECT count(*) AS n FROM users')).toEqual([{ n: 3 }]);
  expect(await seed('more', 'sha256:2')).toMatchObject({ kind: 'refused', reason: expect.stringContaining('UNIQUE') });
  await writeSeed('bad', '1', { 'a.sql': 'DELETE FROM orders; INSERT INTO nowhere VALUES (1)' }, [{ sql: 'a.sql' }]);
  expect((await seed('bad', 'sha256:3')).kind).toBe('refused');
  expect(rowsOf(shop, 'SELECT count(*) AS n FROM orders')).toEqual([{ n: 2 }]);
});

test('a program of a package gets the directory and the key, and says why it failed', async () => {
  const script =
    'process.chdir(process.env.MSX_DATA_DIR); require("fs").writeFileSync("made", process.env.MSX_SEED_KEY)';
  await writeSeed('made', '2', { 'make.cjs': script }, [{ command: ['node', 'make.cjs'] }]);
  expect((await seed('made', 'sha256:9')).kind).toBe('done');
  expect(await readFile(join(folderOf(shop), 'made'), 'utf8')).toBe('sha256:9/0');
  await writeSeed('loud', '1', {}, [{ command: ['sh', '-c', 'echo no more room >&2; exit 3'] }]);
  expect(await seed('loud', 'sha256:9')).toEqual({
    kind: 'refused',
    reason: 'step 1 (sh) ended with exit code 3; it last said: no more room',
  });
});

test('packages are found in folders and archives, newest version first, and what is wrong with others is said', async () => {
  const folder = await writeSeed('demo', '1.9', {}, [{ sql: 'a.sql' }]);
  await writeSeed('demo', '1.10', {}, [{ sql: 'a.sql' }]);
  makeDatabase();
  await writeSeed('packed', '1', { 'a.sql': 'DELETE FROM orders' }, [{ sql: 'a.sql' }]);
  const packed = join(dataDir, 'seeds', 'packed-1');
  execFileSync('tar', ['-czf', join(dataDir, 'seeds', 'packed.tgz'), '-C', packed, '.']);
  await rm(packed, { recursive: true });
  await mkdir(join(dataDir, 'seeds', 'odd'));
  await writeFile(join(dataDir, 'seeds', 'odd', 'seed.json'), '{}');
  const { items, unreadable } = await data.seeds();
  expect(items.map(({ name, version }) => `${name}@${version}`)).toEqual(['demo@1.10', 'demo@1.9', 'packed@1']);
  expect(unreadable).toEqual([{ place: 'odd', reason: '"name" is to be 1 to 40 of a-z, 0-9 and "-"' }]);
  expect((await seed('packed', 'sha256:4')).kind).toBe('done');
  expect(rowsOf(shop, 'SELECT count(*) AS n FROM orders')).toEqual([{ n: 0 }]);
  expect(await seed('demo', 'sha256:5', '3')).toEqual({
    kind: 'refused',
    reason: 'There is no version 3 of seed "demo"; known: 1.10, 1.9',
  });
  await symlink('/etc/passwd', join(folder, 'a.sql'));
  expect(await seed('demo', 'sha256:5', '1.9')).toMatchObject({
    kind: 'refused',
    reason: '"a.sql" leads out of the package',
  });
});
