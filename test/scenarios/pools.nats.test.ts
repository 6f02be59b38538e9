import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo, hopsOf } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** Pools that offer what nobody in a lineage declares, and have so many places and no more. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
  for (const name of ['pool-a', 'pool-b'])
    await ready(
      name,
      asYaml({ ...baseline(name, [echo('mail')]), labels: { kind: name === 'pool-a' ? 'small' : 'big' } }),
    );
});
afterAll(() => house?.[Symbol.asyncDispose]());

const user = (name: string, pools: readonly unknown[]): string =>
  asYaml({
    ...baseline(name, [echo('web', { upstreams: ['mail'], expose: true })]),
    routing: { mode: 'baseline', pools },
  });

test('a pool answers until its places are taken, then the next one, and its place comes back with who leaves', async () => {
  const pools = [{ environment: 'pool-a', capacity: 1 }, 'pool-b'];
  await ready('first', user('first', pools));
  expect(await providerOf('first')).toBe('pool-a');
  await ready('second', user('second', pools));
  expect(await providerOf('second')).toBe('pool-b');
  const { records } = await house.artifact<Resolution>('second', 'resolution');
  expect(records.find(({ service }) => service === 'mail')).toMatchObject({
    tier: 'shared provider pool',
    target: { env: 'pool-b', service: 'mail' },
    tried: expect.arrayContaining([
      {
        tier: 'shared provider pool',
        env: 'pool-a',
        answered: false,
        reason: '"pool-a" is held by 1 others, its capacity is 1',
      },
    ]),
  });
  const { body } = await askHttp<EchoAnswer>(`${await house.urlOf('second', 'web')}/`);
  expect(hopsOf(body)).toBe('web@second > mail@pool-b');

  await ready('first', user('first', [...pools, 'nobody'])); // its own place is its own
  expect(await providerOf('first')).toBe('pool-a');
  const { activation } = await house.command('delete', 'first');
  expect(activation).toMatchObject({ outcome: 'ready' });
  const retried = await house.command('retry', 'second');
  expect(retried.activation).toMatchObject({ outcome: 'ready' });
  expect(await providerOf('second')).toBe('pool-a');
});

test('of two that want the last place at once one has it, and the other is told who has', async () => {
  const last = [{ environment: 'pool-b', capacity: 1, labels: { kind: 'big' } }];
  const racers = ['eager', 'keen'];
  const held = racers.map((env) => house.gates.hold('runtime', (message) => message.subject.includes(`.${env}.`)));
  const outcomes = racers.map((env) => house.apply(env, user(env, last)));
  for (const { reached } of held) await reached; // both were derived while the place was free
  for (const hold of held) hold.release();
  const activations = (await Promise.all(outcomes)).map(({ activation }) => activation);
  const ready = activations.filter((one) => one?.outcome === 'ready');
  const failed = activations.filter((one) => one?.outcome === 'failed');
  expect([ready.length, failed.length], JSON.stringify(activations)).toEqual([1, 1]);
  expect(failed[0]?.reason).toContain('pool "pool-b" has no place left: 1 hold it, its capacity is 1');
});

test('a pool without the label is passed over, and a service that no pool offers is refused with the reason', async () => {
  await ready('picky', user('picky', [{ environment: 'pool-a', labels: { kind: 'big' } }, 'pool-b']));
  expect(await providerOf('picky')).toBe('pool-b');
  const { activation } = await house.apply('lost', user('lost', [{ environment: 'pool-a', labels: { kind: 'big' } }]));
  expect(activation?.outcome).not.toBe('ready');
  expect(activation?.reason).toContain('"pool-a" has "small" as label "kind", wanted is "big"');
});

async function providerOf(env: string): Promise<string | undefined> {
  const { placements } = await house.artifact<Plan>(env, 'plan');
  return placements.find(({ service }) => service === 'mail')?.provider?.env;
}

async function ready(env: string, blueprint: string): Promise<void> {
  const { activation, answer } = await house.apply(env, blueprint);
  expect(activation, JSON.stringify(answer)).toMatchObject({ outcome: 'ready' });
}
