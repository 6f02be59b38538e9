import { parseSubject } from '@microstax/contracts/subjects';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo, hopsOf, overlay, type WrittenService } from './blueprints.ts';
import { aboutOf } from './gates.ts';
import { type House, startHouse } from './house.ts';

/** A child of a parent that ends badly fails at once with the reason, and goes on by itself afterwards (protocol 13, 21). */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterEach(() => house.gates.releaseAll());
afterAll(() => house?.[Symbol.asyncDispose]());

/** It would notice at once: well below every time limit of a job. */
const atOnceMs = 2_000;

test('a child that waits fails with its parent, says why, and goes on once the parent serves', async () => {
  const parent = holdApproval('shop');
  await house.apply('shop', shop('shop', crashing), { wait: false });
  await house.apply('shop-feat', feature('shop-feat', 'shop'), { wait: false });
  await eventually(async () => (await house.status('shop-feat'))?.reason === 'waits for "shop" to serve "api"');
  parent.release();

  expect(await house.outcome('shop', 1)).toMatchObject({ outcome: 'failed' });
  expect(await house.outcome('shop-feat', 1)).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/provider "shop" serves nothing.*newest activation is failed.*exit code 3/),
  });
  expect((await endedAt('shop-feat', 1)) - (await endedAt('shop', 1))).toBeLessThan(atOnceMs);
  expect(await house.pids('shop-feat')).toEqual({});

  await ready('shop', shop('shop', echo('api')));
  expect(await house.outcome('shop-feat', 2)).toMatchObject({
    outcome: 'ready',
    submission: null,
    cause: { kind: 'parent moved', parent: 'shop', parentGeneration: 2 },
  });
  expect(await seen('shop', 'shop-feat')).toBe('web@shop-feat > api@shop');
  await oneAnswerOneOutcome(house);
});

test('a child that comes when its parent has failed already fails at once, down to the grandchild', async () => {
  await house.apply('farm', shop('farm', crashing));
  const mid = await house.apply('farm-mid', feature('farm-mid', 'farm'));
  expect(mid.activation).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('"farm" serves nothing') });
  const leaf = await house.apply('farm-leaf', asYaml(overlay('farm-leaf', 'farm-mid', [worker])));
  expect(leaf.activation).toMatchObject({
    outcome: 'failed',
    reason: expect.stringContaining('provider "farm-mid" serves nothing'),
  });
  for (const env of ['farm-mid', 'farm-leaf'])
    expect((await endedAt(env, 1)) - (await startedAt(env, 1))).toBeLessThan(atOnceMs);

  await ready('farm', shop('farm', echo('api')));
  await eventually(async () => (await house.status('farm-mid'))?.state === 'ready');
  await eventually(async () => (await house.status('farm-leaf'))?.state === 'ready', { timeoutMs: 20_000 });
  expect(await house.locals('farm-leaf')).toEqual(['worker']);
  await oneAnswerOneOutcome(house);
});

test('a child of a denied parent says the parent’s reason, and goes on once it is allowed', async () => {
  const budgeted = (perHour: number): string =>
    asYaml(baseline('bank', [echo('web', { expose: true }), echo('api')], { budget: { perHour } }));
  await house.apply('bank', budgeted(0.000001));
  const child = await house.apply('bank-feat', feature('bank-feat', 'bank'));
  expect(child.activation).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/newest activation is denied: .*budget/),
  });
  await ready('bank', budgeted(10));
  expect(await house.outcome('bank-feat', 2)).toMatchObject({ outcome: 'ready', cause: { kind: 'parent moved' } });
  await oneAnswerOneOutcome(house);
});

test('a child that failed holds nothing, so its parent can be stopped', async () => {
  await house.apply('mill', shop('mill', crashing));
  const child = await house.apply('mill-feat', feature('mill-feat', 'mill'));
  expect(child.activation?.outcome).toBe('failed');
  const stopped = await house.command('stop', 'mill');
  expect(stopped.answer, JSON.stringify(stopped.answer)).toMatchObject({ kind: 'revised' });
  expect(stopped.activation).toMatchObject({ outcome: 'ready', wanted: 'stopped' });
  await oneAnswerOneOutcome(house);
});

test('a child whose newest generation failed holds what still serves, no more and no less', async () => {
  await ready('inn', shop('inn', echo('api')));
  await ready('inn-feat', asYaml(overlay('inn-feat', 'inn', [worker])));
  const broken = { ...echo('extra'), run: { command: ['node', '-e', 'process.exit(3)'] } };
  const failed = await house.apply('inn-feat', asYaml(overlay('inn-feat', 'inn', [broken])));
  expect(failed.activation).toMatchObject({ outcome: 'failed', generation: 2 });
  expect(Object.keys(await house.pids('inn-feat'))).toEqual(['worker']);
  expect((await house.command('stop', 'inn')).answer).toMatchObject({ kind: 'refused', findings: [{ code: 'held' }] });
  expect((await house.command('stop', 'inn-feat')).activation?.outcome).toBe('ready');
  expect((await house.command('stop', 'inn')).activation?.outcome).toBe('ready');
  await oneAnswerOneOutcome(house);
});

test('a child that was stopped while its parent had failed stays stopped', async () => {
  await house.apply('barn', shop('barn', crashing));
  await house.apply('barn-feat', feature('barn-feat', 'barn'));
  expect((await house.command('stop', 'barn-feat')).activation?.outcome).toBe('ready');
  await ready('barn', shop('barn', echo('api')));
  await oneAnswerOneOutcome(house);
  expect(await house.status('barn-feat')).toMatchObject({ state: 'stopped', wanted: 'stopped' });
  expect(await house.pids('barn-feat')).toEqual({});
});

const worker: WrittenService = { name: 'worker', run: { command: ['sleep', '1000'] }, dependsOn: ['api'] };
const crashing: WrittenService = { ...echo('api'), run: { command: ['node', '-e', 'process.exit(3)'] } };

function shop(env: string, api: WrittenService): string {
  return asYaml(baseline(env, [echo('web', { upstreams: ['api'], expose: true }), api]));
}

function feature(env: string, parent: string): string {
  return asYaml(overlay(env, parent, [echo('web', { version: '2', upstreams: ['api'], expose: true })]));
}

function holdApproval(env: string) {
  return house.gates.hold('runtime', (message) => {
    const about = parseSubject(message.subject);
    return about?.kind === 'event' && about.env === env && aboutOf(message).generation === 1;
  });
}

async function endedAt(env: string, generation: number): Promise<number> {
  return (await execution(env, generation)).finishedAt ?? Number.NaN;
}

async function startedAt(env: string, generation: number): Promise<number> {
  return (await execution(env, generation)).startedAt;
}

async function execution(env: string, generation: number) {
  const found = (await house.ask({ kind: 'executions', env }))?.items.find((item) => item.generation === generation);
  if (found === undefined) throw new Error(`${env}@${generation} was never executed`);
  return found;
}

async function seen(parent: string, context: string): Promise<string> {
  return hopsOf((await askHttp<EchoAnswer>(await house.urlOf(parent, 'web'), context)).body);
}

async function ready(env: string, blueprint: string): Promise<void> {
  const { answer, activation } = await house.apply(env, blueprint);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
