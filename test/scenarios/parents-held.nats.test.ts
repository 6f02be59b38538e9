import { parseSubject } from '@microstax/contracts/subjects';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo, hopsOf, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** A parent does not go away under a child that holds it, unless both go (protocol 14, 18). */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterEach(() => house.gates.releaseAll());
afterAll(() => house?.[Symbol.asyncDispose]());

test('stop of a held parent is refused and names the children and --cascade', async () => {
  await family('shop');
  const before = [await house.pids('shop'), await house.pids('shop-a'), await house.pids('shop-b')];
  const { answer } = await house.command('stop', 'shop');
  expect(answer).toEqual({
    kind: 'refused',
    findings: ['shop-a', 'shop-b'].map((child) => ({
      severity: 'error',
      code: 'held',
      subject: 'shop',
      reason: expect.stringContaining(`"${child}" holds its service`),
      next: expect.stringContaining('msx stop shop --cascade'),
    })),
  });
  expect([await house.pids('shop'), await house.pids('shop-a'), await house.pids('shop-b')]).toEqual(before);
  expect((await house.status('shop'))?.generation).toBe(1);
});

test('with --cascade parent and children stop together; each comes back by its own resume', async () => {
  const { activation } = await house.command('stop', 'shop', { cascade: true });
  expect(activation).toMatchObject({ outcome: 'ready', generation: 2, wanted: 'stopped' });
  for (const env of ['shop-a', 'shop-b']) {
    expect(await house.outcome(env, 2)).toMatchObject({
      outcome: 'ready',
      wanted: 'stopped',
      cause: { kind: 'command', verb: 'stop', submission: activation?.submission },
    });
    expect(await house.status(env)).toMatchObject({ state: 'stopped' });
    expect(await house.pids(env)).toEqual({});
  }
  expect(await house.pids('shop')).toEqual({});

  const early = await house.command('resume', 'shop-a');
  expect(early.activation).toMatchObject({
    outcome: 'failed',
    reason: 'provider "shop" is stopped; to go on: msx resume shop',
  });
  expect((await house.command('resume', 'shop')).activation).toMatchObject({ outcome: 'ready', wanted: 'running' });
  // It failed waiting for its parent, so it goes on by itself.
  expect(await house.outcome('shop-a', 4)).toMatchObject({
    outcome: 'ready',
    cause: { kind: 'parent moved', parent: 'shop' },
  });
  expect(await seen('shop', 'shop-a')).toBe('web@shop > api@shop-a > db@shop');
  expect(await seen('shop', 'shop-b')).toBe('web@shop > api@shop > db@shop');
  expect(await house.status('shop-b')).toMatchObject({ state: 'stopped', generation: 2 });

  const resumed = await house.command('resume', 'shop-b');
  expect(resumed.activation).toMatchObject({ outcome: 'ready', generation: 3 });
  expect(resumed.activation?.traces[1]).toBe((await house.outcome('shop-b', 2)).traces[0]);
  expect(await seen('shop', 'shop-b')).toBe('web@shop > api@shop-b > db@shop');
  await oneAnswerOneOutcome(house);
});

test('a child that is resumed right after its parent waits until the parent serves again', async () => {
  await house.command('stop', 'shop', { cascade: true });
  await house.outcome('shop-b', 4);
  const parent = house.gates.hold('runtime', (message) => {
    const about = parseSubject(message.subject);
    return about?.kind === 'event' && about.env === 'shop';
  });
  const resumed = house.command('resume', 'shop');
  await parent.reached;
  const child = house.command('resume', 'shop-b');
  await eventually(async () => /^waits for "shop" to serve/.test((await house.status('shop-b'))?.reason ?? ''));
  parent.release();
  expect((await resumed).activation?.outcome).toBe('ready');
  expect((await child).activation).toMatchObject({ outcome: 'ready', generation: 5 });
  expect(await seen('shop', 'shop-b')).toBe('web@shop > api@shop-b > db@shop');
  await oneAnswerOneOutcome(house);
});

test('a held parent is not deleted; with --cascade all go, and their names go on counting', async () => {
  await family('yard');
  const { answer } = await house.command('delete', 'yard');
  expect(answer).toMatchObject({ kind: 'refused', findings: [{ code: 'held' }, { code: 'held' }] });

  const { activation } = await house.command('delete', 'yard', { cascade: true });
  expect(activation).toMatchObject({ outcome: 'ready', generation: 2 });
  for (const env of ['yard', 'yard-a', 'yard-b']) {
    expect(await house.outcome(env, 2)).toMatchObject({ outcome: 'ready', wanted: 'deleted' });
    expect(await house.status(env)).toMatchObject({ state: 'deleted' });
    expect(await house.pids(env)).toEqual({});
  }
  expect((await house.command('stop', 'yard')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'deleted-environment' }],
  });
  const orphan = await house.apply('yard-a', feature('yard-a', 'yard'));
  expect(orphan.answer).toMatchObject({ kind: 'rejected', findings: [{ code: 'deleted-parent' }] });

  // The same names, as something else.
  const again = await house.apply('yard', asYaml(baseline('yard', [echo('web', { version: '9', expose: true })])));
  expect(again.activation).toMatchObject({ outcome: 'ready', generation: 3 });
  expect((await askHttp<EchoAnswer>(await house.urlOf('yard', 'web'))).body.version).toBe('9');
  const reused = await house.apply('yard-a', asYaml(baseline('yard-a', [echo('web', { expose: true })])));
  expect(reused.activation).toMatchObject({ outcome: 'ready', generation: 3 });
  expect(await house.status('yard-a')).toMatchObject({ mode: 'baseline', parent: null });
  expect((await house.command('delete', 'yard')).activation).toMatchObject({ outcome: 'ready', generation: 4 });
  await oneAnswerOneOutcome(house);
});

test('a child without a hold keeps its parent from being deleted, not from being stopped', async () => {
  await ready('port', asYaml(baseline('port', [echo('web', { expose: true })])));
  await ready('port-own', asYaml(overlay('port-own', 'port', [echo('web', { version: '2', expose: true })])));
  expect((await house.command('delete', 'port')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'has-children', reason: expect.stringContaining('"port-own"') }],
  });
  expect((await house.command('stop', 'port')).activation?.outcome).toBe('ready');
  expect(Object.keys(await house.pids('port-own'))).toEqual(['web']);
  expect((await askHttp<EchoAnswer>(await house.urlOf('port-own', 'web'))).body.version).toBe('2');
  expect((await house.command('resume', 'port')).activation?.outcome).toBe('ready');
  await oneAnswerOneOutcome(house);
});

test('--cascade takes along a child that still waits for its parent', async () => {
  const never = { ...echo('api'), run: { command: ['sleep', '1000'] } };
  await house.apply('slow', asYaml(baseline('slow', [echo('web', { upstreams: ['api'], expose: true }), never])), {
    wait: false,
  });
  const overlaid = [echo('web', { version: '2', upstreams: ['api'], expose: true })];
  await house.apply('slow-feat', asYaml(overlay('slow-feat', 'slow', overlaid)), { wait: false });
  await eventually(async () => (await house.status('slow-feat'))?.reason === 'waits for "slow" to serve "api"');
  expect((await house.command('stop', 'slow')).answer).toMatchObject({ kind: 'refused', findings: [{ code: 'held' }] });
  expect((await house.command('stop', 'slow', { cascade: true })).activation?.outcome).toBe('ready');
  expect(await house.outcome('slow-feat', 2)).toMatchObject({ outcome: 'ready', wanted: 'stopped' });
  expect(await house.outcome('slow', 1)).toMatchObject({ outcome: 'superseded' });
  // Its waiting may end before its stop is claimed: the provider is stopped, and it is told so.
  expect(['superseded', 'failed']).toContain((await house.outcome('slow-feat', 1)).outcome);
  expect([await house.pids('slow'), await house.pids('slow-feat')]).toEqual([{}, {}]);
  await oneAnswerOneOutcome(house);
});

test('a grandchild goes along with whom it holds', async () => {
  await ready('root', shop('root'));
  await ready('root-mid', feature('root-mid', 'root'));
  await ready('root-leaf', asYaml(overlay('root-leaf', 'root-mid', [echo('db', { version: '3' })])));
  expect(await seen('root', 'root-leaf')).toBe('web@root > api@root-mid > db@root-leaf');
  expect((await house.command('stop', 'root-mid')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'held', reason: expect.stringContaining('"root-leaf"') }],
  });
  expect((await house.command('stop', 'root', { cascade: true })).activation?.outcome).toBe('ready');
  for (const env of ['root-mid', 'root-leaf']) {
    expect(await house.outcome(env, 2)).toMatchObject({ outcome: 'ready', wanted: 'stopped' });
    expect(await house.pids(env)).toEqual({});
  }
  for (const env of ['root', 'root-mid', 'root-leaf'])
    expect((await house.command('resume', env)).activation).toMatchObject({ env, outcome: 'ready' });
  expect(await seen('root', 'root-leaf')).toBe('web@root > api@root-mid > db@root-leaf');
  await oneAnswerOneOutcome(house);
});

/** A baseline `web → api → db` and two children that run their own `api` and lean on the rest. */
async function family(env: string): Promise<void> {
  await ready(env, shop(env));
  await Promise.all(['a', 'b'].map((n) => ready(`${env}-${n}`, feature(`${env}-${n}`, env))));
}

function shop(env: string): string {
  const services = [echo('web', { upstreams: ['api'], expose: true }), echo('api', { upstreams: ['db'] }), echo('db')];
  return asYaml(baseline(env, services));
}

function feature(env: string, parent: string): string {
  return asYaml(overlay(env, parent, [echo('api', { version: env, upstreams: ['db'] })]));
}

async function seen(parent: string, context: string): Promise<string> {
  return hopsOf((await askHttp<EchoAnswer>(await house.urlOf(parent, 'web'), context)).body);
}

async function ready(env: string, blueprint: string): Promise<void> {
  const { answer, activation } = await house.apply(env, blueprint);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
