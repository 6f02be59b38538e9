import type { Plan } from '@microstax/model/plan';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import {
  asYaml,
  baseline,
  type EchoAnswer,
  echo,
  hopsOf,
  overlay,
  type WrittenBlueprint,
  type WrittenService,
} from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** A baseline changes under ten children that track it and ten that are pinned to what it was (protocol 12, 13). */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const ten = Array.from({ length: 10 }, (_, n) => n);
const tracking = ten.map((n) => `track-${n}`);
const pinned = ten.map((n) => `pin-${n}`);

/** A process that costs nothing, and needs `api` from wherever it comes. */
const worker: WrittenService = { name: 'worker', run: { command: ['sleep', '1000'] }, dependsOn: ['api'] };

function shop(version: string): string {
  const services = [echo('web', { upstreams: ['api'], expose: true }), echo('api', { version })];
  return asYaml(baseline('shop', services));
}

test('ten tracking children follow their baseline, ten pinned ones run what they pinned', async () => {
  await ready('shop', shop('1'));
  await Promise.all([
    ...tracking.map((env) => ready(env, asYaml(overlay(env, 'shop', [worker])))),
    ...pinned.map((env) => ready(env, asYaml(child(env)))),
  ]);
  const url = await house.urlOf('shop', 'web');
  const workers = await Promise.all(tracking.map((env) => house.pids(env)));

  await ready('shop', shop('2'));
  const moved = await Promise.all([...tracking, ...pinned].map((env) => house.outcome(env, 2)));
  const [shopTrace] = (await house.outcome('shop', 2)).traces;
  for (const { env, outcome, reason, cause, submission, traces } of moved) {
    expect({ env, outcome, reason, cause, submission }).toMatchObject({
      outcome: 'ready',
      cause: { kind: 'parent moved', parent: 'shop', parentGeneration: 2 },
      submission: null,
    });
    expect(traces, env).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), shopTrace]);
    expect(traces[0], env).not.toBe(shopTrace);
  }
  expect(new Set(moved.map(({ traces }) => traces[0])).size).toBe(20);

  expect(await Promise.all(tracking.map((env) => house.locals(env)))).toEqual(tracking.map(() => ['worker']));
  expect(await Promise.all(tracking.map((env) => house.pids(env)))).toEqual(workers);
  for (const env of tracking) {
    const { body } = await askHttp<EchoAnswer>(url, env);
    expect([env, hopsOf(body), body.calls[0]?.version]).toEqual([env, 'web@shop > api@shop', '2']);
  }
  for (const env of pinned) {
    expect([env, await house.locals(env)]).toEqual([env, ['api']]);
    const { body } = await askHttp<EchoAnswer>(url, env);
    expect([env, hopsOf(body), body.calls[0]?.version]).toEqual([env, `web@shop > api@${env}`, '1']);
  }
  expect((await askHttp<EchoAnswer>(url)).body.calls[0]?.version).toBe('2');
  const { placements } = await house.artifact<Plan>('pin-3', 'plan');
  const reasons = placements.find(({ service }) => service === 'api')?.reasons.map(({ text }) => text);
  expect(reasons?.join()).toMatch(/pinned spec is not what "shop" offers/);

  const copies = await Promise.all(pinned.map((env) => house.pids(env)));
  await ready('shop', shop('3'));
  for (const env of tracking) {
    expect((await house.outcome(env, 3)).outcome).toBe('ready');
    expect([env, (await askHttp<EchoAnswer>(url, env)).body.calls[0]?.version]).toEqual([env, '3']);
  }
  await oneAnswerOneOutcome(house);
  expect(await Promise.all(tracking.map((env) => generationsOf(env)))).toEqual(tracking.map(() => 3));
  expect(await Promise.all(pinned.map((env) => generationsOf(env)))).toEqual(pinned.map(() => 2));
  expect(await Promise.all(pinned.map((env) => house.pids(env)))).toEqual(copies);
});

test('a pinned child that may not run what it pinned says why, and goes on serving', async () => {
  const board = (version: string): string =>
    asYaml(
      baseline('board', [
        echo('web', { upstreams: ['books'], expose: true }),
        echo('books', { version, more: { sharing: { inherit: 'require' } } }),
      ]),
    );
  await ready('board', board('1'));
  await ready(
    'board-pin',
    asYaml(child('board-pin', 'board', [echo('web', { upstreams: ['books'], version: '7', expose: true })])),
  );
  const pids = await house.pids('board-pin');

  await ready('board', board('2'));
  expect(await house.outcome('board-pin', 2)).toMatchObject({
    outcome: 'refused',
    cause: { kind: 'parent moved', parent: 'board' },
    reason: expect.stringMatching(/pinned spec is not what "board" offers.*its sharing is "require"/),
  });
  expect(await house.status('board-pin')).toMatchObject({
    state: 'refused',
    serving: { generation: 1 },
    reason: expect.stringContaining('generation 1 goes on serving'),
  });
  expect(await house.pids('board-pin')).toEqual(pids);
  const { body } = await askHttp<EchoAnswer>(await house.urlOf('board', 'web'), 'board-pin');
  expect([body.version, hopsOf(body)]).toEqual(['7', 'web@board-pin > books@board']);

  await ready('board', board('1'));
  expect(await house.outcome('board-pin', 3)).toMatchObject({ outcome: 'ready', cause: { kind: 'parent moved' } });
  expect(await house.pids('board-pin')).toEqual(pids);
  await oneAnswerOneOutcome(house);
});

test('a baseline may take away a service that children hold: who pinned it runs it, who tracks goes without', async () => {
  const both = [echo('web', { upstreams: ['api'], expose: true }), echo('api')];
  await ready('thin', asYaml(baseline('thin', both)));
  await ready('thin-pin', asYaml(child('thin-pin', 'thin')));
  await ready('thin-track', asYaml(overlay('thin-track', 'thin', [echo('extra')])));
  await ready('thin', asYaml(baseline('thin', [echo('web', { version: '2', expose: true })])));
  expect(await house.outcome('thin-pin', 2)).toMatchObject({ outcome: 'ready' });
  expect(await house.outcome('thin-track', 2)).toMatchObject({ outcome: 'ready' });
  expect(await house.locals('thin-pin')).toEqual(['api', 'web']);
  expect((await house.services('thin-track')).map(({ service }) => service)).toEqual(['extra', 'web']);
  const seen = async (env: string): Promise<string> =>
    hopsOf((await askHttp<EchoAnswer>(await house.urlOf('thin', 'web'), env)).body);
  expect([await seen('thin-pin'), await seen('thin-track')]).toEqual(['web@thin-pin > api@thin-pin', 'web@thin']);
  await oneAnswerOneOutcome(house);
});

function child(env: string, parent = 'shop', services: readonly WrittenService[] = []): WrittenBlueprint {
  return { ...overlay(env, parent, services), routing: { mode: 'overlay', baselineId: parent, track: 'pinned' } };
}

async function generationsOf(env: string): Promise<number | undefined> {
  return (await house.ask({ kind: 'activations', env }))?.items.length;
}

async function ready(env: string, blueprint: string): Promise<void> {
  const { answer, activation } = await house.apply(env, blueprint);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
