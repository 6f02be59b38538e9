import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buckets } from '@microstax/contracts/topology';
import { bootId, processStartTime } from '@microstax/service/process-identity';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asYaml, baseline, echo } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { runCliHere } from './run-cli.ts';

/** `msx sweep` lists what no inventory owns, and removes what is ours and nothing else. */

let house: House;
const strangers: ChildProcess[] = [];
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  for (const child of strangers) child.kill('SIGKILL');
  await house?.[Symbol.asyncDispose]();
});

const sweep = (...words: string[]) =>
  runCliHere(['sweep', ...words, '-o', 'json'], { NATS_URL: house.url, NO_COLOR: '1' });
const kindsOf = (stdout: string) =>
  (JSON.parse(stdout) as { kind: string; env: string; name: string; outcome: string | null }[]).map(
    ({ kind, env, name, outcome }) => `${kind} ${env} ${name} ${outcome}`,
  );
const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A process with a record as the shim writes it, under an instance that no journal knows. */
async function leftBehind(env: string, instance: string): Promise<ChildProcess> {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  strangers.push(child);
  const startTime = await eventually(() => processStartTime(child.pid ?? 0));
  const folder = join(house.dataDir, 'run', env, 'instances');
  await mkdir(folder, { recursive: true });
  const words = [child.pid, startTime, bootId(), 1, `sha256:${'0'.repeat(64)}`, 'web', instance, '[]'];
  await writeFile(join(folder, instance), `${words.join(' ')}\n`);
  return child;
}

test('where everything is owned nothing is found, and what serves is not touched', async () => {
  expect((await house.apply('neat', asYaml(baseline('neat', [echo('web')])))).activation?.outcome).toBe('ready');
  const pids = await house.pids('neat');
  for (const words of [[], ['--yes']]) {
    const swept = await sweep(...words);
    expect(swept).toMatchObject({ code: 0, stdout: '[]\n', stderr: expect.stringContaining('nothing is left over') });
  }
  expect(await house.pids('neat')).toEqual(pids);
});

test('a process, a record, a route and folders that nobody owns are listed, then removed; strangers stay', async () => {
  const orphan = await leftBehind('neat', 'web-orphan-9');
  const lost = await leftBehind('ghost', 'web-1');
  const bystander = spawn('sleep', ['1000'], { stdio: 'ignore' });
  strangers.push(bystander);
  await mkdir(join(house.dataDir, 'data', 'ghost'), { recursive: true });
  await mkdir(join(house.dataDir, 'data', 'Not Ours'), { recursive: true });
  // A record whose process id is somebody else's by now.
  const stale = join(house.dataDir, 'run', 'neat', 'instances', 'web-stale-1');
  const line = await readFile(join(house.dataDir, 'run', 'neat', 'instances', 'web-orphan-9'), 'utf8');
  const [, , ...rest] = line.replace('web-orphan-9', 'web-stale-1').split(' ');
  await writeFile(stale, [bystander.pid, '1', ...rest].join(' '));
  const routes = await house.bus.bucket(buckets.routes);
  await routes.put('default.ghost', { ...(await routes.get<object>('default.neat'))?.value, env: 'ghost' });

  const listed = await sweep();
  expect(listed.code).toBe(0);
  expect(kindsOf(listed.stdout).toSorted()).toEqual([
    'folder ghost data/ghost null',
    'folder ghost run/ghost null',
    'process ghost web-1 null',
    'process neat web-orphan-9 null',
    'record neat web-stale-1 null',
    'route ghost ghost null',
  ]);
  for (const child of [orphan, lost, bystander]) expect(child.exitCode ?? child.signalCode).toBeNull();

  const removed = await sweep('--yes');
  expect(removed.code).toBe(1); // folders stay
  await eventually(() => orphan.signalCode !== null && lost.signalCode !== null);
  expect(bystander.signalCode).toBeNull();
  expect(await routes.get('default.ghost')).toBeUndefined();
  expect(await isThere(join(house.dataDir, 'data', 'ghost'))).toBe(true);

  const rest2 = await sweep('--yes', '--folders');
  expect(kindsOf(rest2.stdout).toSorted()).toEqual([
    'folder ghost data/ghost removed',
    'folder ghost run/ghost removed',
  ]);
  expect(await readdir(join(house.dataDir, 'data'))).toEqual(['Not Ours']);
  expect((await sweep()).stdout).toBe('[]\n');
  expect(Object.keys(await house.pids('neat'))).toEqual(['web']);
});

test('folders are not removed without --yes', async () => {
  expect(await sweep('--folders')).toMatchObject({ code: 2 });
});
