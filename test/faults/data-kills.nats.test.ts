import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeSnapshot } from '@microstax/contracts/data-requests';
import { defaultOrg } from '@microstax/model/names';
import { delay } from '@microstax/service/clock';
import { seededRandom } from '@microstax/testkit/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from '../scenarios/ask-http.ts';
import { baseline } from '../scenarios/blueprints.ts';
import { type Ledger, ledger } from '../scenarios/ledger.ts';
import { counted, times } from './config.ts';
import { type FaultHouse, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';

/**
 * The runtime dies by SIGKILL while it restores and seeds, at random moments. Whoever comes next ends it with the data of
 * the snapshot and each step of a seed once, as counted in the data itself.
 */

const kills = times(4, 40);
const seed = 20_261_125;
const workMs = 700; // about what a restore and a seed take here
const seeds = mkdtemp(join(tmpdir(), 'msx-kill-seeds-'));
let house: FaultHouse;

beforeAll(async () => {
  const folder = join(await seeds, 'guest');
  await mkdir(folder);
  await writeFile(
    join(folder, 'seed.json'),
    JSON.stringify({ name: 'guest', version: '1', steps: [1, 2].map((n) => ({ sql: `${n}.sql` })) }),
  );
  for (const n of [1, 2])
    await writeFile(join(folder, `${n}.sql`), `INSERT INTO people (email) VALUES ('guest${n}@example.com')`);
  house = await startFaultHouse({ asProcesses: ['runtime'], env: { MSX_SEEDS: await seeds } });
  expect(await house.activate(baseline('source', [ledger('db', { expose: true })]))).toMatchObject({
    outcome: 'ready',
  });
  for (const name of ['ada', 'alan']) await askHttp(await urlOf('source'), {}, `${name}@work.example`);
  const taken = await house.bus.request(takeSnapshot, defaultOrg, { env: 'source', name: 's' }, { timeoutMs: 30_000 });
  expect(taken).toMatchObject({ kind: 'taken' });
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await rm(await seeds, { recursive: true, force: true });
});

const urlOf = (env: string): Promise<string> =>
  eventually(
    async () => (await house.ask({ kind: 'services', env }))?.items.find(({ service }) => service === 'db')?.urls.http,
  );

test(`a restore in which the runtime is killed is done once more and its seeds are not, ${kills} of ${kills} times`, async () => {
  const random = seededRandom(seed);
  let cut = 0;
  for (let round = 0; round < kills; round += 1) {
    const env = `copy-${round}`;
    const { answer } = await house.apply(
      baseline(env, [ledger('db', { expose: true })], { snapshot: { from: 'source/s' }, seeds: ['guest@1'] }),
    );
    await eventually(async () =>
      (await house.journal(env)).some(({ event }) => event.type === 'intended' && event.job === 'restore:db'),
    );
    await delay(random.integer(0, workMs));
    await house.processOf('runtime').kill();
    if (!(await house.journal(env)).some(({ event }) => event.type === 'finished')) cut += 1;
    house.launch('runtime');
    if (answer.kind !== 'revised') throw new Error(`"${env}" was ${answer.kind}`);
    expect(await house.outcome(env, answer.generation)).toMatchObject({ outcome: 'ready' });
    const { people, lines } = (await askHttp<Ledger>(await urlOf(env))).body;
    expect(people, env).toEqual(['ada@work.example', 'alan@work.example', 'guest1@example.com', 'guest2@example.com']);
    expect(lines, env).toEqual(['ada@work.example', 'alan@work.example']);
  }
  counted('data kills', { kills, 'cut off': cut, ...(await house.closeBooks()) });
  expect(cut).toBeGreaterThan(0);
});
