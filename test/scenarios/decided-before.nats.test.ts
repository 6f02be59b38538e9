import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { type SplitHouse, startSplitHouse } from '../faults/split-house.ts';
import { baseline, echo, overlay, type WrittenBlueprint } from './blueprints.ts';
import { runCliHere } from './run-cli.ts';

/** What was decided before is answered while who decided it is gone, each of them a process that has ended. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // eight processes, on a machine that may be busy

let split: SplitHouse;
beforeAll(async () => {
  split = await startSplitHouse();
});
afterAll(() => split?.[Symbol.asyncDispose]());

test('explain, resolve and plan answer of every generation, and its records are compared, without planner, resolver and runtime', async () => {
  const shop = baseline('shop', [echo('web', { upstreams: ['pay'], expose: true }), echo('pay'), echo('db')]);
  await apply(shop);
  await apply(overlay('feat', 'shop', [echo('pay', { version: '2' })]));
  await apply(overlay('feat', 'shop', [echo('pay', { version: '2' }), echo('db', { version: '2' })]));
  const questions = ['1', '2'].flatMap((at) => [
    ['plan', 'feat', '--at', at, '-o', 'json'],
    ['resolve', 'feat', '--at', at, '-o', 'json'],
    ['resolve', 'feat', 'db', '--at', at],
    ['explain', 'feat', 'db', '--at', at],
  ]);
  questions.push(['resolve', 'feat', '--at', '1', '--diff', '1'], ['resolve', 'feat', '--diff', '1']);
  const before = [];
  for (const question of questions) before.push(await msx(...question));

  for (const room of ['planner', 'resolver', 'runtime'] as const) await split.end(room);
  for (const room of ['planner', 'resolver', 'runtime'] as const) expect(split.of(room)).toEqual([]);
  for (const [index, question] of questions.entries()) {
    const { code, stdout, stderr } = await msx(...question);
    expect(stderr, question.join(' ')).toBe('');
    expect({ code, stdout }).toEqual({ code: before[index]?.code, stdout: before[index]?.stdout });
  }
  const [same, changed] = before.slice(-2);
  expect(same?.code).toBe(exitCodes.ok);
  expect(changed?.code).toBe(exitCodes.differs);
  expect(changed?.stdout).toMatch(/^db +changed +baseline +local overlay +db in shop +db in feat$/m);
  expect(changed?.stdout).not.toMatch(/^(pay|web) /m);
});

async function apply(blueprint: WrittenBlueprint): Promise<void> {
  const activation = await split.house.activate(blueprint);
  expect(activation, activation.reason).toMatchObject({ outcome: 'ready' });
}

function msx(...args: readonly string[]) {
  return runCliHere(args, { NATS_URL: split.house.url });
}
