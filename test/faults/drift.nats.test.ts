import { must } from '@microstax/model/must';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counted, isLong } from './config.ts';
import { type FaultHouse, generationOf, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';
import type { ServiceProcess } from './service-process.ts';
import { startedTwice } from './started-twice.ts';

/** Protocol 24: what serves and is gone is noticed, said and healed; an orderly end is no drift; a killed runtime's programs are adopted. */

let house: FaultHouse;
let runtime: ServiceProcess;
beforeAll(async () => {
  house = await startFaultHouse({
    without: ['runtime'],
    env: { MSX_LEASE: '2s', MSX_OBSERVE: '100ms', MSX_STOP_GRACE: '1s' },
  });
  runtime = house.launch('runtime');
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('a program that ends by itself is healed three times in ten minutes, then the environment is degraded', async () => {
  const { baseline, chain } = house.blueprints;
  await house.activate(baseline('drifting', chain()));
  const healedMs: number[] = [];
  for (const generation of [2, 3, 4]) {
    const before = pidsOf('drifting');
    const at = performance.now();
    process.kill(pidOf('drifting', 'db'), 'SIGKILL');
    const { cause, traces, outcome, reason } = await house.outcome('drifting', generation);
    healedMs.push(Math.round(performance.now() - at));
    expect(outcome, reason).toBe('ready');
    expect(cause).toEqual({ kind: 'drift', services: ['db'] });
    const previous = await house.outcome('drifting', generation - 1);
    expect(traces).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), previous.traces[0]]);
    expect(traces[0]).not.toBe(previous.traces[0]);
    const lost = (await house.journal('drifting')).filter(({ event }) => event.type === 'lost');
    expect(lost).toHaveLength(generation - 1);
    expect(lost.at(-1)?.event).toMatchObject({
      service: 'db',
      orderly: false,
      reason: expect.stringContaining('"db" '),
    });
    expect(pidsOf('drifting')).toEqual({ ...before, db: expect.not.stringMatching(String(before.db)) });
  }
  const startsOfDb = () => house.starts('drifting').get('drifting db 1');
  expect(startsOfDb()).toBe(4);

  process.kill(pidOf('drifting', 'db'), 'SIGKILL');
  await eventually(async () => (await house.status('drifting'))?.state === 'degraded', {
    message: '"drifting" is degraded',
  });
  expect(await house.status('drifting')).toMatchObject({ generation: 4, serving: { generation: 4 } });
  expect(startsOfDb()).toBe(4);

  // Whoever finds the bus again looks at everything anew; that is no reason to heal what was given up.
  await house.loseBus();
  const told = await runtime.said(
    ({ msg, env, orderly }) => msg === 'instances are missing' && env === 'drifting' && orderly === true,
    'that it looked at what is there',
  );
  expect(told.answer).toBe('degraded');
  const refilled = await eventually(() => house.status('drifting'), { message: 'msx_environments is filled again' });
  expect(refilled).toMatchObject({ state: 'degraded', generation: 4 });
  expect(startsOfDb()).toBe(4);

  const generation = generationOf(await house.command('retry', 'drifting'));
  expect(await house.outcome('drifting', generation)).toMatchObject({ outcome: 'ready' });
  expect(startsOfDb()).toBe(5);
  await eventually(async () => (await house.status('drifting'))?.state === 'ready');
  await goneAgain('drifting'); // or it is healed after every later start
  counted('drift', { healed: healedMs.length, 'ms each': healedMs.join('/'), degraded: 1 });
});

test('an orderly end stops the programs, and the next start heals without counting as drift, however often', async () => {
  const { baseline, chain } = house.blueprints;
  await house.activate(baseline('orderly', chain()));
  const ends = isLong ? 8 : 4; // more than would be healed as drift
  for (let end = 1; end <= ends; end += 1) {
    await runtime[Symbol.asyncDispose]();
    expect(house.programs()).toEqual([]);
    const lost = (await house.journal('orderly')).filter(({ event }) => event.type === 'lost');
    expect(lost).toHaveLength(3 * end);
    expect(lost.every(({ event }) => event.type === 'lost' && event.orderly)).toBe(true);
    runtime = house.launch('runtime');
    expect(await house.outcome('orderly', 1 + end)).toMatchObject({
      outcome: 'ready',
      cause: { kind: 'drift', services: ['api', 'db', 'web'] },
    });
    await eventually(async () => (await house.status('orderly'))?.state === 'ready');
  }
  process.kill(pidOf('orderly', 'api'), 'SIGKILL');
  expect(await house.outcome('orderly', 2 + ends)).toMatchObject({ outcome: 'ready', cause: { services: ['api'] } });
  await goneAgain('orderly');
  counted('orderly ends', { ends, healed: ends, degraded: 0 });
});

test('programs of a killed runtime live on and are adopted: nothing is started, written or lost', async () => {
  const { baseline, chain } = house.blueprints;
  await house.activate(baseline('adopted', chain()));
  const journal = await house.journal('adopted');
  const [pids, revision] = [pidsOf('adopted'), await house.routesRevision('adopted')];
  const kills = isLong ? 10 : 1;
  for (let kill = 0; kill < kills; kill += 1) {
    await runtime.kill();
    expect(pidsOf('adopted')).toEqual(pids);
    runtime = house.launch('runtime');
    await runtime.said(({ msg, env }) => msg === 'instances adopted' && env === 'adopted', 'that it adopted them');
    expect(pidsOf('adopted')).toEqual(pids);
  }
  expect(await house.journal('adopted')).toEqual(journal);
  expect(await house.routesRevision('adopted')).toBe(revision);
  const starts = [...house.starts('adopted').values()];
  expect(starts).toEqual([1, 1, 1]);
  process.kill(pidOf('adopted', 'web'), 'SIGKILL');
  expect(await house.outcome('adopted', 2)).toMatchObject({ outcome: 'ready', cause: { services: ['web'] } });
  expect(pidsOf('adopted')).toMatchObject({ api: pids.api, db: pids.db });
  counted('adoption', { kills, 'started twice': starts.filter((count) => count > 1).length });
});

test('one of two runtimes that ends in order leaves the programs to the other, and the last one ends them', async () => {
  const { baseline, chain } = house.blueprints;
  await house.activate(baseline('shared', chain()));
  const [pids, journal] = [pidsOf('shared'), await house.journal('shared')];
  const second = house.launch('runtime');
  await second.said(({ msg, env }) => msg === 'instances adopted' && env === 'shared', 'that it adopted them');
  await runtime[Symbol.asyncDispose]();
  expect(pidsOf('shared')).toEqual(pids);
  expect(await house.journal('shared')).toEqual(journal);
  process.kill(pidOf('shared', 'db'), 'SIGKILL');
  expect(await house.outcome('shared', 2)).toMatchObject({ outcome: 'ready', cause: { services: ['db'] } });
  await second[Symbol.asyncDispose]();
  expect(house.programs()).toEqual([]);
  runtime = house.launch('runtime');
  expect(await house.outcome('shared', 3)).toMatchObject({ outcome: 'ready' });
});

const moments = ['after-intent@1', 'after-intent@2', 'after-act@2', 'after-act@3', 'after-act@5', 'after-act@6'];
test.each(isLong ? moments : ['after-act@3'])(
  'a runtime killed at %s goes on where it was when it starts again: nothing is started twice',
  async (moment) => {
    const { baseline, chain } = house.blueprints;
    const env = `killed-${moment.replace('@', '-')}`;
    await runtime.kill(); // not in order: its programs live on, so that nothing has to be healed before
    const mortal = house.launch('runtime', { MSX_FAILPOINTS: `runtime.executor.${moment}=kill` });
    const { answer } = await house.apply(baseline(env, chain()));
    expect(answer.kind).toBe('revised');
    await mortal.ended;
    expect(mortal.log().at(-1)?.msg, 'the point was reached').toContain(`failpoint runtime.executor.${moment}: kill`);
    runtime = house.launch('runtime');
    const { outcome, reason } = await house.outcome(env, 1);
    expect(outcome, reason).toBe('ready');
    expect(house.starts(env).size).toBe(3);
    expect(await startedTwice(house, env)).toEqual([]);
    expect(house.programs(env)).toHaveLength(3);
  },
);

async function goneAgain(env: string): Promise<void> {
  expect(await house.outcome(env, generationOf(await house.command('delete', env)))).toMatchObject({
    outcome: 'ready',
  });
}

function pidsOf(env: string): Readonly<Record<string, number>> {
  return Object.fromEntries(house.programs(env).map(({ service, pid }) => [service, pid]));
}

function pidOf(env: string, service: string): number {
  return must(pidsOf(env)[service], `"${service}" of "${env}" lives`);
}

test('every submission of this file has one answer, every activation one outcome', async () => {
  counted('books', await house.closeBooks());
});
