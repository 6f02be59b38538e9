// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these words are what a Blueprint says
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SnapshotItem } from '@microstax/contracts/data-requests';
import type { Revision } from '@microstax/model/revision';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type Ledger, ledger } from './ledger.ts';
import { runCliHere } from './run-cli.ts';

/** Snapshots, restores and seeds of services that keep files and databases of SQLite, as a person asks for them. */

let house: House;
let seeds: string;
beforeAll(async () => {
  seeds = await mkdtemp(join(tmpdir(), 'msx-seeds-'));
  house = await startHouse({ env: { MSX_SEEDS: seeds } });
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await rm(seeds, { recursive: true, force: true });
});

const msx = (...words: string[]) => runCliHere(words, { NATS_URL: house.url, NO_COLOR: '1' });

const read = async (env: string, service = 'db') => (await askHttp<Ledger>(await house.urlOf(env, service))).body;
const write = async (env: string, service: string, email: string) =>
  (await askHttp<Ledger>(await house.urlOf(env, service), {}, email)).body;

test('what a service keeps is stored while it runs, listed and shown', async () => {
  const shop = baseline('ledgers', [
    ledger('front', {
      env: { PORT: '${port.http}', UPSTREAM: 'http://${host.db}:${port.db.http}' },
      dependsOn: ['db'],
      expose: true,
    }),
    ledger('db', { expose: true }),
  ]);
  expect((await house.apply('ledgers', asYaml(shop))).activation).toMatchObject({ outcome: 'ready' });
  for (const name of ['ada', 'alan']) await write('ledgers', 'front', `${name}@work.example`);
  const taken = await msx('snapshot', 'create', 'ledgers', '--services', 'db', '--name', 'nightly', '-o', 'json');
  expect(taken).toMatchObject({ code: 0 });
  expect(JSON.parse(taken.stdout) as SnapshotItem).toMatchObject({
    consistency: { kind: 'one' },
    generation: 1,
    services: [{ service: 'db', engine: 'folder', fileCount: 2 }],
  });
  expect((await write('ledgers', 'front', 'grace@work.example')).people).toHaveLength(3); // nobody is left paused
  expect((await msx('snapshot', 'list', 'ledgers', '-o', 'name')).stdout).toBe('snapshot/ledgers/nightly\n');
  const shown = await msx('snapshot', 'show', 'ledgers/nightly');
  expect(shown.stdout).toMatch(/^stored +intact$/m);
  expect(await msx('snapshot', 'show', 'ledgers/weekly')).toMatchObject({ code: 3 });
  expect(await msx('snapshot', 'create', 'ledgers', '--name', 'nightly')).toMatchObject({ code: 4 });
  expect(await msx('snapshot', 'create', 'ledgers', '--services', 'web')).toMatchObject({ code: 4 });
});

test('several services are stored as of one moment, while others write', async () => {
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n += 1) await write('ledgers', 'front', `load${n}@work.example`);
  })();
  try {
    const taken = await msx('snapshot', 'create', 'ledgers', '--name', 'both', '-o', 'json');
    expect(JSON.parse(taken.stdout)).toMatchObject({ consistency: { kind: 'quiesced', order: ['front', 'db'] } });
  } finally {
    isOver = true;
    await writing;
  }
  const two = baseline('twins', [ledger('front', { expose: true }), ledger('db', { expose: true })], {
    snapshot: { from: 'ledgers/both' },
  });
  expect((await house.apply('twins', asYaml(two))).activation).toMatchObject({ outcome: 'ready' });
  const [front, db] = [await read('twins', 'front'), await read('twins', 'db')];
  expect(front.people.length).toBeGreaterThan(2);
  for (const one of [front, db]) expect(one.lines.length - one.people.length, one.environment).toBeLessThanOrEqual(0);
  // Front writes before it calls: at any one moment it is at most the one that is under way ahead.
  expect(front.people.length - db.people.length).toBeOneOf([0, 1]);
});

test('a service starts with the data of the snapshot, sanitised, and its program is started once more for it', async () => {
  const copy = baseline('copy', [ledger('db', { expose: true })], {
    snapshot: {
      from: 'ledgers/nightly',
      sanitise: { 'people.id': 'keep', 'people.email': 'mask', unclassified: 'allow' },
    },
  });
  expect((await house.apply('copy', asYaml(copy))).activation).toMatchObject({ outcome: 'ready' });
  expect(await read('copy')).toEqual({
    environment: 'copy',
    people: ['a**@****.*******', 'a***@****.*******'],
    lines: ['ada@work.example', 'alan@work.example'], // a file has no columns: it was allowed
  });
  const executed = (await house.ask({ kind: 'journal', env: 'copy' }))?.items ?? [];
  const done = executed.flatMap(({ event }) => (event.type === 'done' && event.job === 'restore:db' ? [event] : []));
  expect(done).toMatchObject([
    { result: { kind: 'instance' }, reason: expect.stringMatching(/^restored ledgers\/nightly \(sha256:/) },
  ]);
});

test('a seed is found, run once, and refused another time with the entry of the journal', async () => {
  const folder = join(seeds, 'guest');
  await mkdir(folder);
  await writeFile(
    join(folder, 'seed.json'),
    JSON.stringify({ name: 'guest', version: '2', services: ['db'], steps: [{ sql: 'guest.sql' }] }),
  );
  await writeFile(join(folder, 'guest.sql'), "INSERT INTO people (email) VALUES ('guest@example.com')");
  expect((await msx('seed', 'search', 'gue')).stdout).toMatch(/^guest@2 +db +1/m);
  expect(await msx('seed', 'show', 'nobody')).toMatchObject({ code: 3 });
  const ran = await msx('seed', 'run', 'guest', 'copy');
  expect(ran).toMatchObject({ code: 0, stdout: 'copy/db: run, first activation: guest@2 is run against db\n' });
  const again = await msx('seed', 'run', 'guest', 'copy');
  expect(again.stdout).toMatch(/^copy\/db: not run, already applied in journal entry \d+: guest@2\n$/);
  expect((await read('copy')).people.filter((email) => email === 'guest@example.com')).toHaveLength(1);
  expect((await house.artifact<Revision>('copy', 'revision')).seeds).toEqual([
    { name: 'guest', version: '2', services: ['db'] },
  ]);
});

test('another snapshot replaces the data, and what was seeded is seeded anew', async () => {
  const manifest = join(house.dataDir, 'snapshots', 'ledgers', 'nightly', 'manifest.json');
  expect(JSON.parse(await readFile(manifest, 'utf8'))).toMatchObject({ snapshot: { name: 'nightly' } });
  const other = baseline('copy', [ledger('db', { expose: true })], {
    snapshot: { from: 'ledgers/nightly' },
    seeds: ['guest@2'],
  });
  expect((await house.apply('copy', asYaml(other))).activation).toMatchObject({ outcome: 'ready' });
  expect((await read('copy')).people).toEqual(['ada@work.example', 'alan@work.example', 'guest@example.com']);
});

test('a snapshot outlives its environment', async () => {
  expect((await house.command('delete', 'ledgers')).activation).toMatchObject({ outcome: 'ready' });
  expect((await msx('snapshot', 'show', 'ledgers/nightly')).stdout).toMatch(/^stored +intact$/m);
  expect(await msx('snapshot', 'create', 'ledgers')).toMatchObject({ code: expect.toBeOneOf([3, 4]) });
});
