import { headerNames } from '@microstax/contracts/header-names';
import { eventSubject, filters, type ServiceName } from '@microstax/contracts/subjects';
import { durables, streams } from '@microstax/contracts/topology';
import { defaultOrg } from '@microstax/model/names';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { overlay } from '../scenarios/blueprints.ts';
import { counted, times } from './config.ts';
import { drivenAgain, type FaultHouse, generationOf, startFaultHouse } from './fault-house.ts';
import { natsByHand } from './nats-by-hand.ts';
import { eventually, whileItMoves } from './patience.ts';

/** Protocol 28: the last event of an activation is said again where the bus no longer owes it, and only there. */

const redriveMs = 100;
const looks = times(2, 5);

let house: FaultHouse;
beforeEach(async () => {
  house = await startFaultHouse({ env: { MSX_REDRIVE: `${redriveMs}ms` } });
  const { baseline, service } = house.blueprints;
  expect((await house.activate(baseline('base', [service('db')]))).outcome).toBe('ready');
});
afterEach(() => house?.[Symbol.asyncDispose]());

test(`with the graph's recording held back and ${times(100, 1_000)} messages in flight nothing is said twice`, async () => {
  const count = times(100, 1_000);
  await house.close('runtime'); // it would ask for claims of what is not recorded, again and again
  const hold = house.gates.hold('graph', ({ subject }) => subject.endsWith('.drafted'));
  const names = Array.from({ length: count }, (_, index) => `flight-${index}`);
  for (const name of names)
    await house.send(overlay(name, 'base', [{ ...house.blueprints.service('db'), description: name }])); // runs nothing
  const recording = await whileItMoves(
    async () => {
      const state = await house.bus.durableState(durables.graphPlanner);
      return state && state.pending + state.unsettled >= count && state;
    },
    { mark, intervalMs: 200, message: `${count} plans are held back` },
  );
  await whileItMoves(async () => ((await house.bus.durableState(durables.runtimeApproved))?.pending ?? 0) >= count, {
    ...{ mark, intervalMs: 200, message: 'all of them were resolved and approved meanwhile' },
  });
  await eventually(async () => (await house.bus.durableState(durables.plannerRevised))?.unsettled === 0);
  for (let look = 1; look <= looks; look += 1) await sayAgainFor(`control-${look}`);
  const saidWhileHeld = await saidAgain();
  hold.release();
  for (const name of names)
    await whileItMoves(async () => (await stageOf(name)) === 'decided', {
      mark,
      message: `${name} is decided`,
    });
  await sayAgainFor('control-after');
  const saidAfterwards = await saidAgain();
  await house.open('runtime');
  for (const name of names) expect(await house.outcome(name, 1), name).toMatchObject({ outcome: 'ready' });
  expect(names.flatMap((name) => [...house.starts(name)])).toEqual([]);
  counted('redrive', {
    'in flight': recording.pending + recording.unsettled,
    'controls said again': looks + 1,
    'said twice while held': saidWhileHeld,
    'said twice afterwards': saidAfterwards,
    'said twice in the end': await saidAgain(),
    ...(await house.closeBooks()),
  });
  expect(saidWhileHeld + (await saidAgain())).toBe(0);
});

const gone = [
  { stage: 'planner', says: 'graph', last: 'revised', recorded: 'revised' },
  { stage: 'resolver', says: 'planner', last: 'drafted', recorded: 'planned' },
  { stage: 'validator', says: 'resolver', last: 'recorded', recorded: 'resolved' },
  { stage: 'runtime', says: 'validator', last: 'approved', recorded: 'decided' },
] as const;

test.each(gone)(
  'an event that is gone before the $stage heard it is said again, once',
  async ({ stage, says, last, recorded }) => {
    await house.close(stage);
    const { service } = house.blueprints;
    const generation = generationOf(await house.apply(overlay('gone', 'base', [service('db', { version: 'gone' })])));
    // Until the graph has it too, what is gone is the answer to the event before.
    await eventually(async () => (await stageOf('gone')) === recorded);
    await loseEvent(says, 'gone', last);
    await house.open(stage);
    expect(await house.outcome('gone', generation)).toMatchObject({ outcome: 'ready' });
    // What follows from it has its drive too; each of them was said once.
    expect(await saidAgain()).toBe(gone.length - gone.findIndex((one) => one.stage === stage));
    expect(house.starts('gone')).toEqual(new Map([['gone db gone', 1]]));
    counted('event gone', { before: stage, ...(await house.closeBooks()) });
  },
);

/** Events with a drive, those of the controls left out. */
async function saidAgain(): Promise<number> {
  return (await drivenAgain(house.bus, filters.events)).filter((subject) => !subject.includes('.control-')).length;
}

async function stageOf(env: string): Promise<string | undefined> {
  return (await house.ask({ kind: 'activations', env })).items[0]?.stage;
}

/** Changes with every event. */
async function mark(): Promise<string> {
  return String((await house.bus.streamState(streams.events.name))?.lastSequence);
}

/**
 * Shows that the redrive looks at everything that stands still: a planner that is away never hears of a new environment,
 * whose event is taken out of the stream, so that it is said again.
 */
async function sayAgainFor(name: string): Promise<void> {
  await house.close('planner');
  await house.apply(overlay(name, 'base', [house.blueprints.service('db', { version: name })]));
  await loseEvent('graph', name, 'revised');
  await house.open('planner');
  await eventually(
    async () =>
      (await house.bus.lastOn(streams.events.name, eventSubject('planner', defaultOrg, name, 'drafted'))) !== undefined,
  );
}

/** Takes an event out of the stream and settles once it is said again, under drive 1. */
async function loseEvent(says: ServiceName, env: string, last: string): Promise<void> {
  const subject = eventSubject(says, defaultOrg, env, last);
  const said = await eventually(() => house.bus.lastOn(streams.events.name, subject));
  await using stranger = await natsByHand(house.url);
  const purged = await stranger.ask(`$JS.API.STREAM.PURGE.${streams.events.name}`, JSON.stringify({ filter: subject }));
  expect(JSON.parse(purged)).toMatchObject({ success: true, purged: 1 });
  const again = await eventually(() => house.bus.lastOn(streams.events.name, subject), {
    message: `${subject} is said again`,
  });
  expect(again.sequence).toBeGreaterThan(said.sequence);
  expect(again.header(headerNames.drive)).toBe('1');
}
