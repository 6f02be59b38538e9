import type { JournalEntry } from '@microstax/model/journal';
import { eventually } from '@microstax/testkit/eventually';
import { afterEach, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from '../scenarios/accounts.ts';
import { asYaml, baseline, overlay } from '../scenarios/blueprints.ts';
import { type House, startHouse } from '../scenarios/house.ts';

/** One change of a baseline reaches all of its children, each exactly once (protocol 13). */

let house: House;
afterEach(() => house?.[Symbol.asyncDispose]());

/** A quarter of a minute alone; a busy machine is given time. */
const manyTimeoutMs = 180_000;

test(
  '200 children of one baseline are derived again by one change, each once',
  async () => {
    house = await startHouse();
    const children = await family(200);
    await ready('shop', shop('2'));
    await eachOnce(children);
  },
  manyTimeoutMs,
);

test('a fan-out keeps its pace, and goes on where a graph that ends in the middle left off', async () => {
  const perSecond = 8;
  house = await startHouse({ env: { MSX_FAN_OUT: String(perSecond) } });
  const children = await family(40);
  await ready('shop', shop('2'));
  await eventually(async () => (await derived()).length >= perSecond);
  await house.restart('graph');
  expect((await derived()).length).toBeLessThan(children.length);

  await eachOnce(children);
  const times = (await activations()).filter(({ generation }) => generation === 2).map(({ at }) => at);
  for (const from of times) {
    const within = times.filter((at) => at >= from && at < from + 900);
    expect(within.length, 'a chunk may end where the next one begins').toBeLessThanOrEqual(2 * perSecond);
  }
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(
    (1_000 * (children.length - perSecond)) / perSecond - 1_000,
  );
});

/** A baseline of one process and children that change nothing of it: all that they do is to be derived and claimed. */
async function family(count: number): Promise<readonly string[]> {
  const children = Array.from({ length: count }, (_, n) => `child-${n}`);
  await ready('shop', shop('1'));
  await Promise.all(children.map((env) => house.publish(env, asYaml(overlay(env, 'shop', [])))));
  await allReady(children, 1);
  return children;
}

async function eachOnce(children: readonly string[]): Promise<void> {
  await allReady(children, 2);
  await oneAnswerOneOutcome(house);
  const all = await activations();
  for (const env of children) {
    const [first, second, ...more] = all.filter((activation) => activation.env === env);
    expect([first?.generation, second?.generation, more.length]).toEqual([1, 2, 0]);
    expect(second, env).toMatchObject({
      outcome: 'ready',
      submission: null,
      cause: { kind: 'parent moved', parent: 'shop', parentGeneration: 2 },
    });
    const journal = (await house.ask({ kind: 'journal', env }))?.items ?? [];
    expect([env, entriesOf(journal, 'claimed'), entriesOf(journal, 'finished')]).toEqual([env, [1, 2], [1, 2]]);
  }
  expect(all.filter(({ env }) => env === 'shop')).toHaveLength(2);
}

function entriesOf(journal: readonly JournalEntry[], type: JournalEntry['event']['type']): readonly number[] {
  return journal.filter(({ event }) => event.type === type).map(({ generation }) => generation);
}

async function allReady(children: readonly string[], generation: number): Promise<void> {
  const wanted = new Set(children);
  await eventually(
    async () => {
      const items = (await house.ask({ kind: 'environments' }))?.items ?? [];
      const there = items.filter((item) => wanted.has(item.env) && item.serving?.generation === generation);
      return there.length === children.length;
    },
    {
      timeoutMs: manyTimeoutMs,
      intervalMs: 500,
      message: `${children.length} children serve generation ${generation}`,
    },
  );
}

async function activations() {
  const items = (await house.ask({ kind: 'environments' }))?.items ?? [];
  const all = await Promise.all(items.map(({ env }) => house.ask({ kind: 'activations', env })));
  return all.flatMap((reply) => reply?.items ?? []);
}

async function derived(): Promise<readonly unknown[]> {
  return (await activations()).filter(({ cause }) => cause.kind === 'parent moved');
}

function shop(version: string): string {
  const run = { command: ['sleep', '1000'] };
  return asYaml(baseline('shop', [{ name: 'web', run, env: { VERSION: version } }]));
}

async function ready(env: string, blueprint: string): Promise<void> {
  const { answer, activation } = await house.apply(env, blueprint);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
