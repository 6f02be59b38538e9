import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { asYaml, baseline, echo } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** A command cancels what is being executed: the newer generation takes over at the next settled job (protocol 19). */

const readyMs = 300_000; // nobody waits that long: what is cancelled here would be
let house: House;
beforeAll(async () => {
  house = await startHouse({ env: { MSX_READY: `${readyMs}ms` } });
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** Its program starts and never listens. */
const silent = echo('web', { more: { run: { command: ['node', '-e', 'setInterval(() => {}, 1000)'] } } });

async function activating(env: string): Promise<void> {
  await house.apply(env, asYaml(baseline(env, [silent])), { wait: false });
  await eventually(async () => Object.keys(await house.pids(env)).length === 1);
  expect(await house.status(env)).toMatchObject({ state: 'activating', reason: 'waits for "web" to be ready' });
}

test.each(['stop', 'sleep', 'delete'] as const)(
  '%s cancels an activation, and ends what that had started',
  async (verb) => {
    const env = `halfway-${verb}`;
    await activating(env);
    const { activation } = await house.command(verb, env);
    expect(activation).toMatchObject({ outcome: 'ready', generation: 2 });
    expect(await house.outcome(env, 1)).toMatchObject({ outcome: 'superseded' });
    expect(await house.pids(env)).toEqual({});
    await oneAnswerOneOutcome(house);
  },
);

test('a Blueprint that is applied again takes over what is being executed', async () => {
  await activating('halfway');
  const { activation } = await house.apply('halfway', asYaml(baseline('halfway', [echo('web')])));
  expect(activation).toMatchObject({ outcome: 'ready', generation: 2 });
  expect(await house.outcome('halfway', 1)).toMatchObject({ outcome: 'superseded' });
  await oneAnswerOneOutcome(house);
});
