import { delay } from '@microstax/service/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCliHere } from '../scenarios/run-cli.ts';
import { counted, isLong, times } from './config.ts';
import { type FaultHouse, generationOf, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';
import type { ServiceProcess } from './service-process.ts';
import { startedTwice } from './started-twice.ts';

/**
 * Protocol 22 and 23: the runtime that owns an execution sleeps for twice its lease, at every kind of moment, while
 * another one takes over. When it wakes, it does nothing: no process, no route, no journal entry.
 */

const leaseMs = 1_000;
const pausedMs = 2 * leaseMs;

let house: FaultHouse;
beforeAll(async () => {
  house = await startFaultHouse({
    without: ['runtime'],
    env: { MSX_LEASE: `${leaseMs}ms`, MSX_OBSERVE: '200ms', MSX_STOP_GRACE: '1s' },
  });
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** Where in the execution the owner falls asleep: at a failpoint of its own, or wherever it is by a length of the journal. */
type Moment = { readonly name: string; readonly failpoints?: string; readonly entries?: number };

const atPoints: readonly Moment[] = [
  ...[1, 2, 3].map((n) => pointAt('after-intent', n)),
  ...[1, 2, 3, 4, 5, 6, 7].map((n) => pointAt('after-act', n)),
];
const anywhere: readonly Moment[] = [1, 3, 4, 5, 6, 7, 9, 11, 13, 14].map((entries) => ({
  name: `after ${entries} journal entries`,
  entries,
}));
const moments: readonly Moment[] = isLong
  ? [...atPoints, ...anywhere]
  : [
      pointAt('after-intent', 2),
      pointAt('after-act', 4),
      ...anywhere.filter(({ entries }) => [5, 9].includes(entries ?? 0)),
    ];

function pointAt(point: string, n: number): Moment {
  return { name: `${point} ${n}`, failpoints: `runtime.executor.${point}@${n}=stop` };
}

test(`a runtime that slept for twice its lease does nothing when it wakes, ${times(4, 20)} of ${times(4, 20)} times`, async () => {
  expect(moments).toHaveLength(times(4, 20));
  const figures = { rounds: 0, processes: 0, routes: 0, entries: 0 };
  for (const [index, moment] of moments.entries()) {
    const after = await oneRound(`nap-${index}`, moment);
    figures.rounds += 1;
    figures.processes += after.processes;
    figures.routes += after.routes;
    figures.entries += after.entries;
  }
  counted('takeover', { ...figures, ...(await house.closeBooks()) });
  expect(figures).toEqual({ rounds: moments.length, processes: 0, routes: 0, entries: 0 });
});

async function oneRound(env: string, moment: Moment): Promise<{ processes: number; routes: number; entries: number }> {
  const { sleeper, heir } = await fallAsleep(env, moment);
  const sleptAt = performance.now();
  const activation = await house.outcome(env, 1);
  expect(activation, `${moment.name}: ${activation.reason}`).toMatchObject({ outcome: 'ready' });
  await delay(Math.max(0, pausedMs - (performance.now() - sleptAt))); // the fault itself: its length is what is tried
  const asleep = await worldOf(env);
  expect(asleep.journal, moment.name).toContain('taken over');

  sleeper.send('SIGCONT');
  await sleeper.said(({ msg, env: about }) => msg === 'execution ended' && about === env, 'that its execution ended');
  await delay(leaseMs); // whatever it would do, it would begin by now
  const awake = await worldOf(env);
  expect(awake.starts.size).toBe(3);
  expect(await startedTwice(house, env), moment.name).toEqual([]);
  expect(awake.pids).toHaveLength(3);
  await sleeper.kill();
  await house.outcome(env, generationOf(await house.command('stop', env))); // or it is healed in every later round
  await heir[Symbol.asyncDispose]();
  return {
    processes: changesOf(asleep.pids, awake.pids),
    routes: awake.routes - asleep.routes,
    entries: awake.journal.length - asleep.journal.length,
  };
}

type Asleep = { readonly sleeper: ServiceProcess; readonly heir: ServiceProcess };

async function fallAsleep(env: string, { failpoints, entries = 1 }: Moment): Promise<Asleep> {
  const { baseline, chain } = house.blueprints;
  const blueprint = baseline(env, chain({ delayMs: 100 }));
  if (failpoints !== undefined) {
    const sleeper = runtime({ MSX_FAILPOINTS: failpoints });
    await house.apply(blueprint);
    await sleeper.halted();
    return { sleeper, heir: runtime() };
  }
  const both = [runtime(), runtime()] as const;
  await house.apply(blueprint);
  const owner = await eventually(() => ownerOf(env), { message: `${env} is claimed` });
  const [sleeper, heir] = both[0].pid === owner ? both : [both[1], both[0]];
  await eventually(async () => (await house.journal(env)).length >= entries, {
    intervalMs: 1,
    message: `the journal of ${env} has ${entries} entries`,
  });
  sleeper.send('SIGSTOP');
  await sleeper.halted();
  return { sleeper, heir };
}

function runtime(env: Readonly<Record<string, string>> = {}): ServiceProcess {
  return house.launch('runtime', env);
}

async function ownerOf(env: string): Promise<number | undefined> {
  const { items } = await house.ask({ kind: 'executions', env });
  return items[0]?.owner?.pid;
}

async function worldOf(env: string) {
  return {
    pids: house.programs(env).map(({ pid }) => pid),
    starts: house.starts(env),
    routes: await house.routesRevision(env),
    journal: (await house.journal(env)).map(({ event }) => event.type),
  };
}

function changesOf(before: readonly number[], after: readonly number[]): number {
  return [...before.filter((pid) => !after.includes(pid)), ...after.filter((pid) => !before.includes(pid))].length;
}

test('msx get execution <env> prints each transition with time, epoch and reason, also across a takeover', async () => {
  const { stdout, code, stderr } = await runCliHere(['get', 'execution', 'nap-0'], { NATS_URL: house.url });
  expect(code, stderr).toBe(0);
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  expect(head.split(/ {2,}/)).toEqual(['N', 'TIME', 'GENERATION', 'EPOCH', 'WHAT', 'REASON']);
  const rows = lines.map((line) => line.split(/ {2,}/));
  for (const [n, time, generation, epoch, what, reason] of rows) {
    const row = `${n} ${what}`;
    expect(Date.parse(time ?? ''), row).toBeGreaterThan(0);
    expect(Number(generation), row).toBeGreaterThan(0);
    expect(Number(epoch), row).toBeGreaterThan(0);
    expect(reason, row).toMatch(/\w/);
  }
  const takenOver = rows.findIndex(([, , , , what]) => what === 'taken over');
  expect(rows[takenOver]?.[5]).toMatch(/^by .+\/\d+: process \d+ on ".+" was silent for \d+ ms$/);
  expect(Number(rows[takenOver]?.[3])).toBe(Number(rows[takenOver - 1]?.[3]) + 1);
  expect((await house.journal('nap-0')).length).toBe(rows.length);
});
