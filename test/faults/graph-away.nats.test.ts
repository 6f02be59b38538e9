import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { delay } from '@microstax/service/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counted, isLong } from './config.ts';
import { nothingTwice } from './nothing-twice.ts';
import { graphAnswers, type SplitHouse, startSplitHouse } from './split-house.ts';

/** Protocol 32: an absent graph is no failure of any message. */

const awayMs = isLong ? 60_000 : 8_000;
const submissions = 10;

let split: SplitHouse;
beforeAll(async () => {
  split = await startSplitHouse();
  const { baseline, chain } = split.house.blueprints;
  await split.house.activate(baseline('base', chain()));
});
afterAll(() => split?.[Symbol.asyncDispose]());

test(`a graph that is away for ${awayMs / 1_000} s under ${submissions} submissions dead-letters nothing`, async () => {
  const { house } = split;
  const { overlay, service } = house.blueprints;
  const blueprints = Array.from({ length: submissions }, (_, index) =>
    overlay(`a-${index}`, 'base', [service('api', { version: `${index}`, dependsOn: ['db'] })]),
  );
  const [before, during] = [blueprints.slice(0, 4), blueprints.slice(4)];
  const ids: string[] = [];
  for (const blueprint of before) ids.push(await house.send(blueprint));
  await split.kill('graph');
  const killedAt = performance.now();
  for (const blueprint of during) ids.push(await house.send(blueprint));
  await delay(Math.max(0, awayMs - (performance.now() - killedAt))); // the fault itself
  split.start('graph');
  await graphAnswers(house);

  const backAt = performance.now();
  for (const [index, { name }] of blueprints.entries()) {
    expect(await house.answer(ids[index] ?? '')).toMatchObject({ kind: 'revised', generation: 1 });
    const activation = await house.outcome(name, 1);
    expect(activation, activation.reason).toMatchObject({ outcome: 'ready' });
    await nothingTwice(house, name);
  }
  const deadLetters = (await house.bus.read(streams.deadLetters.name, { filter: filters.deadLetters })).length;
  const ms = Math.round(performance.now() - backAt);
  counted('graph away', { awayMs, deadLetters, allReadyAfterMs: ms, ...(await house.closeBooks()) });
  expect(deadLetters).toBe(0);
});
