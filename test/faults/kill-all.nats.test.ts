import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { type ActivationItem, query } from '@microstax/contracts/queries';
import { blueprintSubject } from '@microstax/contracts/subjects';
import { defaultOrg } from '@microstax/model/names';
import { delay } from '@microstax/service/clock';
import { silentLog } from '@microstax/service/log';
import { isSameProcess } from '@microstax/service/process-identity';
import { startTelemetry } from '@microstax/service/telemetry';
import { testNatsServer } from '@microstax/testkit/nats';
import { processesWith } from '@microstax/testkit/processes';
import { seededRandom } from '@microstax/testkit/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { readUpFile, type UpFile } from '../../apps/cli/src/up-file.ts';
import { asYaml, type WrittenBlueprint } from '../scenarios/blueprints.ts';
import { type CliRun, startCli } from '../scenarios/run-cli.ts';
import { type Ask, closeBooks } from './books.ts';
import { counted, times } from './config.ts';
import { countedBlueprints } from './counted-blueprints.ts';
import { eventually } from './patience.ts';
import { programsOf } from './programs-of.ts';
import { quantile, spread } from './quantiles.ts';

/**
 * `msx up` dies whole, its nats-server and its router with it, at random moments of an activation; only the programs of
 * environments live on. The next `msx up` goes on with the activation.
 */

const kills = times(5, 30);
const seed = 20_260_401;

let dataDir: string;
let startsFile: string;
let up: CliRun;
let bus: Bus;
const submitted = new Set<string>();
const telemetry = startTelemetry({ service: 'faults' });

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'msx-kill-all-'));
  startsFile = join(dataDir, 'starts');
  writeFileSync(startsFile, '');
  await startUp();
  const { baseline, chain } = countedBlueprints(startsFile);
  await ready(await send(baseline('base', chain())));
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  up?.child.kill('SIGTERM');
  const ended = await up?.ended;
  const left = processesWith(dataDir);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
  expect({ code: ended?.code, left }).toEqual({ code: exitCodes.ok, left: [] });
});

test(`an activation in which everything is killed goes on and is ready after the next start, ${kills} of ${kills} times`, async () => {
  const random = seededRandom(seed);
  const calmMs = await calm();
  const startMs = await calmStart();
  const tookMs: number[] = [];
  const strays = { 'started twice': 0, 'left over': 0 };
  const stages = new Map<string, number>();
  let early = 0;
  for (let round = 0; tookMs.length < kills; round += 1) {
    const env = await send(overlay(`k-${round}`));
    await delay(random.next() * calmMs); // the moment of the kill, which is the fault itself
    const killedAt = Date.now();
    await killAll();
    const startedAt = performance.now();
    await startUp();
    const activation = await ready(env);
    const ms = performance.now() - startedAt;
    const { twice, left } = await straysOf(env);
    strays['started twice'] += twice;
    strays['left over'] += left;
    const stage = await stageAt(env, activation, killedAt);
    if (stage === 'ready') {
      early += 1; // it was over before the kill, so it counts for nothing
      expect(early, 'kills that came too late').toBeLessThan(20 + 2 * kills);
      continue;
    }
    stages.set(stage, (stages.get(stage) ?? 0) + 1);
    tookMs.push(ms);
  }
  counted('kill all', {
    kills,
    'ready afterwards': tookMs.length,
    ...strays,
    seed,
    calm: `${Math.round(calmMs)} ms`,
    start: `${Math.round(startMs)} ms`,
    early,
    ...Object.fromEntries(stages),
    // The figure is p95 within 5 s on a quiet machine: it is printed beside what a mere start takes, not judged.
    ...spread(tookMs),
    ...(await closeBooks(ask, submitted)),
  });
  expect(strays).toEqual({ 'started twice': 0, 'left over': 0 });
  expect(tookMs).toHaveLength(kills);
});

const overlay = (env: string): WrittenBlueprint => {
  const { overlay, service } = countedBlueprints(startsFile);
  return overlay(env, 'base', [service('api', { version: env, dependsOn: ['db'] })]);
};

async function calm(): Promise<number> {
  await ready(await send(overlay('warm')));
  const startedAt = performance.now();
  await ready(await send(overlay('calm')));
  return performance.now() - startedAt;
}

/** How long a start takes that has nothing to go on with, until the graph and a router answer. */
async function calmStart(): Promise<number> {
  const tookMs: number[] = [];
  for (let round = 0; round < times(1, 5); round += 1) {
    await killAll();
    const startedAt = performance.now();
    await startUp();
    await eventually(async () => (await bus.routers()).length > 0, { message: 'a router answers' });
    tookMs.push(performance.now() - startedAt);
  }
  return quantile(tookMs, 0.5);
}

/** Settles when the new program listens on a bus; `msx up` may have more to do then. */
async function startUp(): Promise<void> {
  const before = readUpFile(dataDir)?.pid;
  up = startCli(['up', '--data', dataDir], {
    ...{ MSX_DATA: dataDir, TMPDIR: dataDir, MSX_NATS_SERVER: (await testNatsServer()).path },
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
  });
  const file = await eventually(
    () => {
      if (up.child.exitCode !== null) throw new Error(`msx up ended: ${up.said().stderr}`);
      const file = readUpFile(dataDir);
      return file?.pid !== before && file;
    },
    { message: 'msx up has a bus' },
  );
  bus = await connectBus({ url: file.bus, service: 'faults', log: silentLog, telemetry });
}

async function killAll(): Promise<void> {
  const { processes } = readUpFile(dataDir) as UpFile;
  for (const one of processes) if (isSameProcess(one)) process.kill(one.pid, 'SIGKILL');
  await up.exited;
  await eventually(() => processes.every((one) => !isSameProcess(one)), { message: 'everything is dead' });
  await bus[Symbol.asyncDispose]();
}

/** Settles when the bus has received it. */
async function send(blueprint: WrittenBlueprint): Promise<string> {
  const env = blueprint.name;
  const message = {
    subject: blueprintSubject({ org: defaultOrg, env }),
    body: Buffer.from(asYaml(blueprint)),
    id: randomUUID(),
  };
  submitted.add(message.id);
  await eventually(async () => (await bus.publishRaw(message)) !== undefined, { message: `${env} is received` });
  return env;
}

async function ready(env: string): Promise<ActivationItem> {
  const activation = await eventually(
    async () => {
      const { items } = await ask({ kind: 'activations', env });
      expect(items.length).toBeLessThan(2);
      return items.find(({ outcome }) => outcome !== null);
    },
    { message: `${env} has its outcome` },
  );
  expect(activation, activation.reason).toMatchObject({ outcome: 'ready', generation: 1 });
  return activation;
}

/** Starts of the one program but the first, and living programs that no journal knows, or known ones that do not live. */
async function straysOf(env: string): Promise<{ readonly twice: number; readonly left: number }> {
  const { item } = await ask({ kind: 'environment-detail', env });
  const starts = readFileSync(startsFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${env} `));
  const living = programsOf(dataDir).flatMap((program) => (program.env === env ? [program.pid] : []));
  const known = item.inventory.instances.map(({ pid }) => pid);
  const odd = [...living.filter((pid) => !known.includes(pid)), ...known.filter((pid) => !living.includes(pid))];
  expect(starts.length, env).toBeGreaterThan(0);
  return { twice: starts.length - 1, left: odd.length };
}

/** How far it had come by the record when everything died. */
async function stageAt(env: string, { at }: ActivationItem, time: number): Promise<string> {
  const entries = (await ask({ kind: 'journal', env })).items.filter((entry) => entry.at <= time);
  if (entries.some(({ event }) => event.type === 'finished')) return 'ready';
  if (entries.length > 0) return 'claimed';
  return at <= time ? 'derived' : 'received';
}

const ask: Ask = async (question) => {
  const reply = await bus.request(query, defaultOrg, question);
  if (reply.kind !== question.kind) throw new Error(`Nothing is known of ${JSON.stringify(question)}`);
  return reply as never;
};
