import { buckets, incarnationKey, streams } from '@microstax/contracts/topology';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from '../scenarios/ask-http.ts';
import { counted, times } from './config.ts';
import { type FaultHouse, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';
import { startedTwice } from './started-twice.ts';

/**
 * Protocol 28 and 29: the bus dies, everything on it is gone, and an empty one starts on its port. It costs time, not
 * truth: what was under way ends, once, and what lived on the bus alone is written again.
 */

const count = times(6, 20);

let house: FaultHouse;
beforeAll(async () => {
  house = await startFaultHouse({ env: { MSX_REDRIVE: '500ms', MSX_OBSERVE: '500ms' } });
  const { baseline, chain } = house.blueprints;
  expect((await house.activate(baseline('lasting', chain()))).outcome).toBe('ready');
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('the bus is lost after `environment revised`: the activation goes on and ends ready, in one trace', async () => {
  const { overlay, service } = house.blueprints;
  const hold = house.gates.hold('planner', ({ subject }) => subject.includes('.early.'));
  const { answer } = await house.apply(overlay('early', 'lasting', [service('db', { version: 'early' })]));
  expect(answer).toMatchObject({ kind: 'revised', generation: 1 });
  await hold.reached;
  const before = await incarnation();
  await house.loseBus();
  hold.release();
  const { outcome, reason, traces } = await house.outcome('early', 1);
  expect(outcome, reason).toBe('ready');
  expect(traces).toHaveLength(1);
  expect(await incarnation()).toBe(before + 1);
  expect(house.starts('early')).toEqual(new Map([['early db early', 1]]));
  expect((await house.activate(overlay('early', 'lasting', [service('db', { version: 'later' })]))).outcome).toBe(
    'ready',
  );
});

test(`the bus is lost under a load of ${count} activations: all end ready, each effect once, and routers route meanwhile`, async () => {
  const { overlay, service } = house.blueprints;
  const names = Array.from({ length: count }, (_, index) => `load-${index}`);
  const traffic = startTraffic(await urlOf('lasting'));
  const slow = (version: string) => service('db', { version, delayMs: 300 });
  const before = await incarnation();
  const submissions = await Promise.all(names.map((name) => house.send(overlay(name, 'lasting', [slow(name)]))));
  // Somewhere in the middle: some are accepted, some planned, some run.
  await eventually(async () => (await stagesOf(names)).filter((stage) => stage === 'claimed').length >= count / 4, {
    intervalMs: 5,
    message: 'a quarter of the load is being executed',
  });
  const atLoss = Map.groupBy(await stagesOf(names), (stage) => stage);
  const lostAt = performance.now();
  await house.loseBus();
  // Those whose submission was on the bus alone are sent again by their client, under the same id (protocol 2).
  await Promise.all(
    names.map((name, index) => house.sendAgain(submissions[index] ?? '', overlay(name, 'lasting', [slow(name)]))),
  );
  for (const name of names) {
    const { outcome, reason } = await house.outcome(name, 1);
    expect(outcome, `${name}: ${reason}`).toBe('ready');
  }
  const allReadyMs = Math.round(performance.now() - lostAt);
  expect(await incarnation()).toBe(before + 1);
  const startedAgain = (await Promise.all(names.map((name) => startedTwice(house, name)))).flat();
  expect(startedAgain).toEqual([]);
  for (const name of names) expect([...house.starts(name).keys()], name).toEqual([`${name} db ${name}`]);

  const environments = (await house.ask({ kind: 'environments' })).items.map(({ env }) => env);
  await eventually(async () => sameKeys(await keysOf(buckets.environments), environments), {
    message: 'msx_environments is filled',
  });
  await eventually(async () => sameKeys(await keysOf(buckets.routes), environments), {
    message: 'msx_routes is written again',
  });
  const { asked, failed } = await traffic.stop();
  expect(failed).toEqual([]);
  expect(asked).toBeGreaterThan(0);

  // The next Blueprint of every environment, also of those that nothing happened to.
  const { baseline, chain } = house.blueprints;
  for (const name of names) {
    const next = await house.apply(overlay(name, 'lasting', [service('db', { version: `${name}-next` })]));
    const { items } = await house.ask({ kind: 'activations', env: name });
    const history = items.map(({ cause, outcome, reason }) => `${cause.kind} ${outcome}: ${reason}`).join(' | ');
    expect(next.answer, `${name}: ${history}`).toMatchObject({ kind: 'revised', generation: 2 });
  }
  for (const name of names) expect(await house.outcome(name, 2), name).toMatchObject({ outcome: 'ready' });
  expect((await house.apply(baseline('lasting', chain()))).answer).toMatchObject({ kind: 'unchanged' });
  expect((await house.activate(baseline('lasting', chain({ version: '2' })))).outcome).toBe('ready');

  const letters = await house.bus.streamState(streams.deadLetters.name);
  expect(letters?.messages).toBe(0);
  counted('lost bus', {
    load: count,
    'at the loss': [...atLoss].map(([stage, all]) => `${all.length} ${stage}`).join(' '),
    'all ready after ms': allReadyMs,
    'started twice': startedAgain.length,
    'requests meanwhile': asked,
    'failed requests': failed.length,
    ...(await house.closeBooks()),
  });
});

async function stagesOf(names: readonly string[]): Promise<readonly string[]> {
  const { items } = await house.ask({ kind: 'environments' });
  return names.map((name) => items.find(({ env }) => env === name)?.stage ?? 'none');
}

async function incarnation(): Promise<number> {
  const bucket = await house.bus.bucket(buckets.bus);
  const entry = await eventually(() => bucket.get<{ incarnation: number }>(incarnationKey));
  return entry.value.incarnation;
}

async function keysOf(bucket: (typeof buckets)[keyof typeof buckets]): Promise<readonly string[]> {
  return (await house.bus.bucket(bucket)).keys();
}

function sameKeys(keys: readonly string[], environments: readonly string[]): boolean {
  return (
    [...keys].sort().join() ===
    environments
      .map((env) => `default.${env}`)
      .sort()
      .join()
  );
}

async function urlOf(env: string): Promise<string> {
  return eventually(async () => {
    const { items } = await house.ask({ kind: 'services', env });
    return items.find(({ service }) => service === 'web')?.urls.http;
  });
}

type Traffic = { stop(): Promise<{ readonly asked: number; readonly failed: readonly string[] }> };

function startTraffic(url: string): Traffic {
  let asking = true;
  let asked = 0;
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    while (asking) {
      const { status } = await askHttp(url).catch((error: unknown) => ({ status: String(error) }));
      asked += 1;
      if (status !== 200) failed.push(String(status));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const working = work();
  return {
    async stop() {
      asking = false;
      await working;
      return { asked, failed };
    },
  };
}
