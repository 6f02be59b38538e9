import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { takeSnapshot } from '@microstax/contracts/data-requests';
import type { Plan } from '@microstax/model/plan';
import { onPath } from '@microstax/service/on-path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';
import { type House, startHouse } from './house.ts';

// A real PostgreSQL: skipped loudly where there is none.
const has = ['postgres', 'psql', 'pg_dump'].every((program) => onPath(process.env, program) !== undefined);
if (!has) process.stderr.write('SKIPPED: data-postgres needs postgres, psql and pg_dump on the PATH\n');

const examples = join(import.meta.dirname, '..', '..', 'examples', 'data');
let house: House;
beforeAll(async () => {
  if (!has) return;
  house = await startHouse({ env: { MSX_SEEDS: 'examples/data/seeds' } });
  await chmod(house.dataDir, 0o711); // the server's own user has to find its cluster
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
});

type Shop = {
  readonly customers: readonly {
    readonly id: number;
    readonly email: string;
    readonly name: string;
    readonly phone: string | null;
  }[];
  readonly orders: readonly { readonly customer_email: string; readonly item: string }[];
};

async function shopOf(env: string): Promise<Shop> {
  return (await askHttp<Shop>(await house.urlOf(env, 'api'))).body;
}
const example = (file: string): Promise<string> => readFile(join(examples, file), 'utf8');
const omitted = async (env: string) =>
  (await house.artifact<Plan>(env, 'plan')).omittedJobs.filter(({ kind }) => kind === 'restore' || kind === 'seed');

test.skipIf(!has)(
  'a baseline’s database is snapshotted, sanitised, restored into an overlay, seeded, and read there',
  async () => {
    const applied = await house.apply('stock', await example('baseline.yaml'));
    expect(applied.activation).toMatchObject({ outcome: 'ready' });
    const before = await shopOf('stock');
    expect(before.customers).toHaveLength(3);

    const taken = await house.bus.request(
      takeSnapshot,
      house.session.org,
      { env: 'stock', name: 'nightly' },
      { timeoutMs: 60_000 },
    );
    expect(taken).toMatchObject({
      kind: 'taken',
      snapshot: {
        env: 'stock',
        name: 'nightly',
        generation: 1,
        consistency: { kind: 'one' },
        services: [{ service: 'db', engine: 'postgres', fileCount: 1 }],
      },
    });

    const overlay = await house.apply('feat-stock', await example('overlay.yaml'));
    expect(overlay.activation).toMatchObject({ outcome: 'ready' });
    const after = await shopOf('feat-stock');
    expect(after.customers.map(({ name, phone }) => [name, phone])).toEqual([
      ['G**** ******', null],
      ['A*** ******', null],
      ['T**\t***\n****\\****', null],
      ['Demo Customer', null],
    ]);
    const emails = after.customers.map(({ email }) => email);
    expect(emails.slice(0, 3).every((email) => /^user-[0-9a-f]{10}@example\.com$/.test(email))).toBe(true);
    expect(after.orders.map(({ customer_email, item }) => [emails.indexOf(customer_email), item])).toEqual([
      [0, 'a nanosecond of wire'],
      [0, 'a moth'],
      [1, 'an endless tape'],
      [3, 'a demonstration'],
    ]);
    expect(await shopOf('stock')).toEqual(before);
  },
);

test.skipIf(!has)('a second apply restores nothing and says why', async () => {
  const changed = `${await example('overlay.yaml')}    description: the same data, described\n`;
  const again = await house.apply('feat-stock', changed);
  expect(again.activation).toMatchObject({ outcome: 'ready' });
  const why = Object.fromEntries((await omitted('feat-stock')).map(({ id, reason }) => [id, reason]));
  expect(why['restore:db']).toMatch(
    /^already applied in journal entry \d+: stock\/nightly sanitised customers\.email:fake /,
  );
  expect(why['seed:db/demo-orders']).toMatch(/^already applied in journal entry \d+: demo-orders@1$/);
  expect((await shopOf('feat-stock')).orders).toHaveLength(4);
});

test.skipIf(!has)('columns that nobody classified are refused, and nothing of the database is changed', async () => {
  const before = await shopOf('feat-stock');
  const open = (await example('overlay.yaml')).replace('    customers.phone: nullify\n', '');
  const { activation } = await house.apply('feat-stock', open);
  expect(activation).toMatchObject({ outcome: 'failed' });
  expect(activation?.reason).toContain('customers.phone is not classified');
  expect(await shopOf('feat-stock')).toEqual(before);
});

test.skipIf(!has)('a damaged snapshot is refused by its checksum before anything is touched', async () => {
  const before = await shopOf('feat-stock');
  const dump = join(house.dataDir, 'snapshots', 'stock', 'nightly', 'db', 'dump.sql');
  const text = await readFile(dump, 'utf8');
  await writeFile(dump, text.replace('a moth', 'a mothy'));
  const other = (await example('overlay.yaml')).replace('customers.name: mask', 'customers.name: redact');
  const { activation } = await house.apply('feat-stock', other);
  expect(activation).toMatchObject({ outcome: 'failed' });
  expect(activation?.reason).toMatch(/snapshot stock\/nightly is damaged: db\/dump\.sql has checksum [0-9a-f]{12}/);
  expect(await shopOf('feat-stock')).toEqual(before);
});

test.skipIf(!has)('no password and no customer is in an event, a log or the graph', async () => {
  const secret = join(house.dataDir, 'secrets', 'feat-stock', 'db-password');
  const password = await readFile(secret, 'utf8');
  const names = await readdir(house.dataDir, { recursive: true, withFileTypes: true });
  const told = names.filter(
    (entry) =>
      entry.isFile() &&
      /^(graph\.db|bus|logs|audit)/.test(join(entry.parentPath, entry.name).slice(house.dataDir.length + 1)),
  );
  expect(told.length).toBeGreaterThan(3);
  for (const entry of told) {
    const bytes = await readFile(join(entry.parentPath, entry.name), 'latin1');
    for (const word of [password, 'grace@navy.example'])
      expect(bytes.includes(word), `${entry.name} holds no ${word.slice(0, 3)}…`).toBe(false);
  }
});
