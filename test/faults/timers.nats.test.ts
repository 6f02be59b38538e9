import { afterAll, beforeAll, expect, test } from 'vitest';
import { overlay, type WrittenBlueprint } from '../scenarios/blueprints.ts';
import { counted, times } from './config.ts';
import { type FaultHouse, generationOf, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';

/** Protocol 13: timers are rows of the store, so each fires once, whenever the graph dies and starts again. */

const children = Array.from({ length: times(6, 12) }, (_, index) => `child-${index}`);

let house: FaultHouse;
beforeAll(async () => {
  // So slow a fan-out can be interrupted anywhere.
  house = await startFaultHouse({ asProcesses: ['graph'], env: { MSX_FAN_OUT: '6', MSX_REDRIVE: '500ms' } });
  expect((await house.activate(base('1'))).outcome).toBe('ready');
  for (const name of children) expect((await house.activate(child(name))).outcome).toBe('ready');
});
afterAll(() => house?.[Symbol.asyncDispose]());

const base = (version: string): WrittenBlueprint =>
  house.blueprints.baseline('base', [house.blueprints.service('db', { version })]);
/** Runs nothing of its own: what is tried is the fan-out. */
const child = (name: string): WrittenBlueprint =>
  overlay(name, 'base', [{ ...house.blueprints.service('db', { version: '1' }), description: name }]);

const interruptions = times(3, children.length + 1);

test(`a fan-out interrupted ${interruptions} times by a killed graph derives each child once`, async () => {
  for (let round = 0; round < interruptions; round += 1) {
    const derived = Math.round((round * children.length) / Math.max(1, interruptions - 1));
    const generation = generationOf(await house.apply(base(`v${round}`)));
    // The store has its timers once the parent serves; from then on they fire one after the other.
    await eventually(async () => (await house.status('base'))?.serving?.generation === generation, { intervalMs: 5 });
    await eventually(async () => (await howMany(round + 2)) >= derived, {
      ...{ intervalMs: 5, message: `${derived} children follow base@${generation}` },
    });
    await house.processOf('graph').kill();
    house.launch('graph');
    for (const name of children) expect(await house.outcome(name, round + 2), name).toMatchObject({ outcome: 'ready' });
  }
  // Whatever would fire twice has had its chance: another change goes the whole way after it.
  const last = generationOf(await house.apply(base('last')));
  for (const name of children) expect(await house.outcome(name, interruptions + 2)).toMatchObject({ outcome: 'ready' });
  let fired = 0;
  for (const name of children) {
    const { items } = await house.ask({ kind: 'activations', env: name });
    const causes = items.map(({ cause }) => (cause.kind === 'parent moved' ? cause.parentGeneration : cause.kind));
    expect(causes, name).toEqual(['submission', ...Array.from({ length: interruptions + 1 }, (_, at) => at + 2)]);
    fired += items.length - 1;
  }
  expect(last).toBe(interruptions + 2);
  expect(fired).toBe(children.length * (interruptions + 1));
  counted('timers', {
    'graph killed': interruptions,
    'timers set': children.length * (interruptions + 1),
    fired,
    ...(await house.closeBooks()),
  });
});

async function howMany(generation: number): Promise<number> {
  const { items } = await house.ask({ kind: 'environments' });
  return items.filter((item) => children.includes(item.env) && item.generation >= generation).length;
}
