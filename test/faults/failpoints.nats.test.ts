import { randomUUID } from 'node:crypto';
import { blueprintSubject, filters } from '@microstax/contracts/subjects';
import { durables, streams } from '@microstax/contracts/topology';
import { defaultOrg } from '@microstax/model/names';
import { delay } from '@microstax/service/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counted, isLong } from './config.ts';
import { allFailpoints, failpointsOf } from './failpoints.ts';
import type { Room } from './fault-house.ts';
import { nothingTwice } from './nothing-twice.ts';
import { eventually } from './patience.ts';
import type { ServiceProcess } from './service-process.ts';
import { graphAnswers, type SplitHouse, services, splitRooms, startSplitHouse } from './split-house.ts';
import { spansByTrace, tracesAbout } from './trace-of.ts';

/**
 * Protocol 33: each of the six services dies by SIGKILL at each of its failpoints and is started again. Points are read
 * from the code, and one that was never reached fails its test. The short form lets one activation outlive them all, the
 * long form gives each point an activation of its own.
 */

const offersMsMax = 180_000; // from the owner's death on, one lease and two deaths
const lastDeathsMs = 15_000; // the last point may be passed after the outcome
const timesMax = 5;

type Points = Readonly<Partial<Record<Room, readonly string[]>>>;

// What an overlay does not pass; each has a stimulus of its own below.
const ofCommands = ['graph-command.after-ack', 'graph-stray-command.after-ack', 'graph.command.after-decide'];
const ofRejections = ['graph.blueprint-rejected.after-decide'];
const ofDeadLetters = ['graph-dead-letter.after-ack', 'graph.dead-letter.after-decide'];
const ofExhausted = [
  'graph-advisory.after-ack',
  'graph.message-exhausted.after-decide',
  'graph.message-exhausted.after-say',
];
const ofOffers = {
  heir: ['runtime-execution-offered.after-ack', 'runtime.execution-offered.after-say'],
  graph: ['graph.offer.after-decide'],
};
const ofDrift = {
  graph: ['graph.drift.after-decide'],
  runtime: ['runtime.drift.after-decide', 'runtime.drift.after-say'],
};
const ofRenewals = ['graph.renew.after-decide'];
const ofTimers = ['graph.timer.after-decide'];
const ofLostBuses = ['graph.opening.after-decide', 'graph.redrive.after-decide'];
const ofTakeovers = ['runtime.takeover.after-decide', 'graph.takeover.after-decide'];
const others = [
  ...[ofCommands, ofRejections, ofDeadLetters, ofExhausted, ofRenewals, ofTimers, ofLostBuses],
  ...[ofOffers, ofDrift].flatMap((points) => Object.values(points)),
].flat();

let split: SplitHouse;
const activations: { readonly env: string; readonly trace: string | undefined }[] = [];
const died = new Set<string>();

beforeAll(async () => {
  split = await startSplitHouse();
  const { baseline, chain } = split.house.blueprints;
  expect(await split.house.activate(baseline('base', chain()))).toMatchObject({ outcome: 'ready' });
});
afterAll(() => split?.[Symbol.asyncDispose]());

test('an activation outlives a death of every service at every failpoint that it passes', async () => {
  const startedAt = performance.now();
  const rounds = isLong ? onePointEach() : [ofOverlays()];
  for (const [index, points] of rounds.entries()) await activateThrough(`f-${index}`, points);
  const ms = Math.round(performance.now() - startedAt);
  counted('failpoints', { deaths: died.size, ms, ...(await split.house.closeBooks()) });
  for (const service of services)
    expect([...died], service).toEqual(
      expect.arrayContaining(failpointsOf(service).filter((point) => !others.includes(point))),
    );
});

function ofOverlays(): Points {
  return Object.fromEntries(
    [...allFailpoints()].map(([room, points]) => [room, points.filter((point) => !others.includes(point))]),
  );
}

// A takeover needs a runtime that died after its claim.
function onePointEach(): readonly Points[] {
  const first = { runtime: ['runtime.activation-approved.after-decide'] };
  return Object.entries(ofOverlays()).flatMap(([room, points]) =>
    points.map((point): Points => {
      if (!ofTakeovers.includes(point)) return { [room]: [point] };
      return room === 'runtime' ? { runtime: [...first.runtime, point] } : { ...first, [room]: [point] };
    }),
  );
}

function activateThrough(round: string, points: Points): Promise<void> {
  return dying(points, (time) => activateOne(`${round}-${time}`));
}

async function activateOne(env: string): Promise<void> {
  const { house } = split;
  const { overlay, service } = house.blueprints;
  const { answer } = await house.apply(overlay(env, 'base', [service('api', { version: env, dependsOn: ['db'] })]));
  expect(answer).toMatchObject({ kind: 'revised', generation: 1 });
  const activation = await house.outcome(env, 1);
  expect(activation, activation.reason).toMatchObject({ outcome: 'ready' });
  expect(activation.traces).toHaveLength(1);
  activations.push({ env, trace: activation.traces[0] });
  await nothingTwice(house, env);
}

type Variables = Readonly<Record<string, string>>;
type Armed = {
  readonly room: Room;
  readonly env: Variables;
  readonly left: Set<string>;
  process: ServiceProcess;
};

/**
 * Each service is armed before `work` begins, dies at each of its points and is started again. Where several points are
 * armed, a death at one of them can come between another's act and that point (an ack is out, its point is not passed),
 * so the work is done again for what is left.
 */
async function dying<T>(points: Points, work: (time: number) => Promise<T>, env: Variables = {}): Promise<T> {
  const all = await Promise.all(Object.entries(points).map(([room, names]) => arm(room as Room, names, env)));
  const over = new AbortController();
  const deaths = Promise.all(all.map((armed) => dieAtEach(armed, over.signal)));
  const living = new AbortController();
  const isDone = (): boolean => all.every(({ left }) => left.size === 0);
  const results: T[] = [];
  try {
    for (let time = 0; time < timesMax && (time === 0 || !isDone()); time += 1) {
      results.push(await Promise.race([work(time), deaths.then(() => new Promise<never>(() => {}))]));
      await Promise.race([deaths, delay(lastDeathsMs, living.signal)]);
    }
  } finally {
    living.abort();
    over.abort();
  }
  await deaths;
  const never = all.flatMap(({ left }) => [...left]);
  if (never.length > 0) throw new Error(`Never reached: ${never.join(', ')}`);
  await graphAnswers(split.house);
  return results[0] as T;
}

async function arm(room: Room, names: readonly string[], env: Variables): Promise<Armed> {
  await split.kill(room);
  return { room, env, left: new Set(names), process: split.start(room, { killAt: names, env }) };
}

/** Settles when it has died at all of its points, or when nothing more is to be expected. */
async function dieAtEach(armed: Armed, over: AbortSignal): Promise<void> {
  const isOver = new Promise<'over'>((resolve) => {
    over.addEventListener('abort', () => resolve('over'), { once: true });
  });
  while (armed.left.size > 0) {
    if ((await Promise.race([armed.process.ended, isOver])) === 'over') return;
    const point = pointOfDeath(armed.process);
    armed.left.delete(point);
    died.add(point);
    armed.process = split.start(armed.room, { killAt: [...armed.left], env: armed.env });
  }
}

function pointOfDeath(process: ServiceProcess): string {
  const words = process.log().map(({ msg }) => msg);
  const point = words.map((word) => /^failpoint (\S+)@1: kill$/.exec(word)?.[1]).find((name) => name !== undefined);
  if (point === undefined) throw new Error(`A process ended by itself: ${words.slice(-3).join(' | ')}`);
  return point;
}

test('commands, rejections, dead letters and exhausted messages outlive it too, and are answered once', async () => {
  const { house } = split;
  const { baseline, service } = house.blueprints;
  await house.activate(baseline('aside', [service('solo')]));
  const stopped = await dying({ graph: ofCommands }, () => house.command('stop', 'aside'));
  expect(stopped.answer).toMatchObject({ kind: 'revised', generation: 2 });
  expect(await house.outcome('aside', 2)).toMatchObject({ outcome: 'ready' });
  expect(house.programs('aside')).toEqual([]);

  const rejected = await dying({ graph: ofRejections }, () => house.apply({ name: 'broken', services: [] }));
  expect(rejected.answer.kind).toBe('rejected');

  const poison = 'x'.repeat(201); // an id that no event can carry
  const subject = blueprintSubject({ org: defaultOrg, env: 'aside' });
  await dying({ graph: ofDeadLetters }, () => house.bus.publishRaw({ subject, body: Buffer.from(''), id: poison }));
  expect(await house.answer(poison)).toMatchObject({ kind: 'rejected' });

  await dying({ graph: ofExhausted }, () => house.bus.publishRaw(exhausted()));
  const letters = await eventually(async () => {
    const found = await house.bus.read(streams.deadLetters.name, { filter: filters.deadLetters });
    return found.length > 1 && found;
  });
  expect(letters).toHaveLength(2); // the submission that nobody can answer by its id, and the exhausted message: each once
  counted('failpoints of answers', { deaths: died.size, ...(await house.closeBooks()) });
  expect([...died]).toEqual(expect.arrayContaining([...ofCommands, ...ofRejections, ...ofDeadLetters, ...ofExhausted]));
});

/** What the server says of a message that it gave up: here the first Blueprint, which was answered long ago. */
function exhausted() {
  const { stream, name } = durables.intakeBlueprint;
  return {
    subject: `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${name}`,
    body: Buffer.from(JSON.stringify({ stream, consumer: name, stream_seq: 1, deliveries: 60 })),
    id: randomUUID(),
  };
}

test('an execution that was offered outlives whoever takes it', async () => {
  const { house } = split;
  const { overlay, service } = house.blueprints;
  const env = { MSX_LEASE: '2s', MSX_OBSERVE: '60s' };
  for (const room of ['graph', 'runtime'] as const) await split.kill(room);
  const graph = await arm('graph', ofOffers.graph, env);
  const owner = split.start('runtime', { env });
  await house.apply(overlay('an-offer', 'base', [service('api', { delayMs: 6_000 })]));
  await eventually(
    async () => (await house.ask({ kind: 'executions', env: 'an-offer' })).items[0]?.owner?.pid === owner.pid,
  );
  // It looks at what is there in the order of names: at this execution first, while its owner lives.
  const heir = split.start('runtime', { env, killAt: ofOffers.heir });
  await heir.said(({ msg }) => msg === 'instances adopted', 'that it looked at what was there');
  await owner.kill();
  const taker: Armed = { room: 'runtime', env: {}, left: new Set(ofOffers.heir), process: heir };
  const over = AbortSignal.timeout(offersMsMax);
  await Promise.all([dieAtEach(graph, over), dieAtEach(taker, over)]);
  const activation = await house.outcome('an-offer', 1);
  expect(activation, activation.reason).toMatchObject({ outcome: 'ready' });
  activations.push({ env: 'an-offer', trace: activation.traces[0] });
  await nothingTwice(house, 'an-offer');
  counted('failpoints of offers', { deaths: died.size, ...(await house.closeBooks()) });
  expect([...died]).toEqual(expect.arrayContaining(Object.values(ofOffers).flat()));
});

test('drift, renewals and moved parents outlive it too, and each is said once', async () => {
  const { house } = split;
  const { baseline, overlay, service } = house.blueprints;
  const env = { MSX_LEASE: '2s', MSX_OBSERVE: '200ms' };
  await house.activate(baseline('drifting', [service('solo')]));
  await dying(
    ofDrift,
    async (time) => {
      for (const { pid } of house.programs('drifting')) process.kill(pid, 'SIGKILL');
      expect(await house.outcome('drifting', 2 + time)).toMatchObject({ outcome: 'ready', cause: { kind: 'drift' } });
      expect(house.starts('drifting')).toEqual(new Map([['drifting solo 1', 2 + time]]));
      expect(house.programs('drifting')).toHaveLength(1);
    },
    env,
  );
  await dying(
    { graph: ofRenewals },
    async (time) => {
      const slow = await house.activate(baseline(`renewing-${time}`, [service('solo', { delayMs: 3_000 })]));
      expect(slow, slow.reason).toMatchObject({ outcome: 'ready' });
      await nothingTwice(house, `renewing-${time}`);
    },
    env,
  );
  await house.activate(overlay('following', 'drifting', [{ ...service('solo'), description: 'runs nothing' }]));
  await dying({ graph: ofTimers }, async (time) => {
    await house.activate(baseline('drifting', [service('solo', { version: `moved-${time}` })]));
    expect(await house.outcome('following', 2 + time)).toMatchObject({
      cause: { kind: 'parent moved' },
      outcome: 'ready',
    });
  });
  counted('failpoints of drift, renewals and timers', { deaths: died.size, ...(await house.closeBooks()) });
  expect([...died]).toEqual(expect.arrayContaining([...Object.values(ofDrift).flat(), ...ofRenewals, ...ofTimers]));
});

test('every activation is one trace, whoever died and went on', async () => {
  for (const room of [...splitRooms].reverse()) await split.end(room); // what they still hold of spans is out by then
  const traces = await spansByTrace(split.house);
  for (const { env, trace } of activations) {
    expect({ env, traces: tracesAbout(env, traces) }).toEqual({ env, traces: [trace] });
  }
  counted('failpoints, traces', { activations: activations.length, spans: [...traces.values()].flat().length });
});

test('a graph that dies while it opens an empty bus opens it at its next start, and goes on', async () => {
  await split[Symbol.asyncDispose](); // the traces are counted, and go with the bus
  split = await startSplitHouse({ env: { MSX_REDRIVE: '500ms' } });
  const { house } = split;
  const { baseline, overlay, service } = house.blueprints;
  await house.activate(baseline('base', [service('db')]));
  await dying({ graph: ofLostBuses }, async (time) => {
    const env = `lost-${time}`;
    await graphAnswers(house);
    await split.kill('planner');
    const { answer } = await house.apply(overlay(env, 'base', [service('db', { version: env })]));
    expect(answer).toMatchObject({ kind: 'revised', generation: 1 });
    await split.stopBus();
    await split.startBus({ empty: true });
    split.start('planner');
    const activation = await house.outcome(env, 1);
    expect(activation, activation.reason).toMatchObject({ outcome: 'ready' });
    await nothingTwice(house, env);
  });
  counted('failpoints of a lost bus', { deaths: died.size, ...(await house.closeBooks()) });
  expect([...died].sort()).toEqual([...allFailpoints().values()].flat().sort());
});
