import { parseSubject } from '@microstax/contracts/subjects';
import { durables } from '@microstax/contracts/topology';
import type { Plan } from '@microstax/model/plan';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo, hopsOf, overlay, type WrittenService } from './blueprints.ts';
import { aboutOf, type Hold } from './gates.ts';
import { type House, startHouse } from './house.ts';

/** A child was decided before its parent moved, and is delivered afterwards (protocol 12, 13, 17). */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterEach(() => house.gates.releaseAll());
afterAll(() => house?.[Symbol.asyncDispose]());

const worker: WrittenService = { name: 'worker', run: { command: ['sleep', '1000'] }, dependsOn: ['api'] };

test('a plan from before the parent moved is superseded where the child followed in the meantime', async () => {
  await ready('shop', shop('shop', '1'));
  const late = holdApproval('feat', 1);
  await house.apply('feat', feature('feat', 'shop'), { wait: false });
  await late.reached;

  await ready('shop', shop('shop', '2'));
  expect(await house.outcome('feat', 2)).toMatchObject({
    outcome: 'ready',
    cause: { kind: 'parent moved', parent: 'shop', parentGeneration: 2 },
  });
  const [pids, executions] = [await house.pids('feat'), await executionsOf('feat')];
  late.release();
  expect(await house.outcome('feat', 1)).toMatchObject({ outcome: 'superseded' });
  await quiet('feat');
  expect([await house.pids('feat'), await executionsOf('feat')]).toEqual([pids, executions]);
  expect(executions).toEqual(['feat@2']);
  expect(await seen('shop', 'feat')).toEqual(['web@shop > api@shop', '2']);
  await oneAnswerOneOutcome(house);
});

test('where nobody derived the child anew its claim does, and the old plan starts nothing', async () => {
  const parents = [holdApproval('desk', 1), holdApproval('desk', 2)];
  const late = holdApproval('desk-feat', 1);
  await house.apply('desk', shop('desk', '1'), { wait: false });
  await house.apply('desk-feat', feature('desk-feat', 'desk'), { wait: false });
  await late.reached;
  // The parent serves nothing yet, so its head is what its children derive from.
  await house.apply('desk', shop('desk', '2'), { wait: false });
  await Promise.all(parents.map(({ reached }) => reached));

  late.release();
  expect(await house.outcome('desk-feat', 1)).toMatchObject({
    outcome: 'superseded',
    reason: expect.stringContaining('"desk" moved'),
  });
  for (const parent of parents) parent.release();
  const second = await house.outcome('desk-feat', 2);
  expect(second).toMatchObject({
    outcome: 'ready',
    cause: { kind: 'parent moved', parent: 'desk', parentGeneration: 2 },
    submission: null,
  });
  const first = await house.outcome('desk-feat', 1);
  expect(second.traces).toHaveLength(2);
  expect(second.traces[0]).not.toBe(first.traces[0]);
  expect(second.traces[1]).toBe(first.traces[0]);
  expect(await executionsOf('desk-feat')).toEqual(['desk-feat@2']);
  expect(await seen('desk', 'desk-feat')).toEqual(['web@desk > api@desk', '2']);
  await oneAnswerOneOutcome(house);
});

test('a child that waits for a parent which becomes ready as something newer follows it', async () => {
  const first = holdApproval('mill', 1);
  await house.apply('mill', shop('mill', '1'), { wait: false });
  await house.apply('mill-feat', feature('mill-feat', 'mill'), { wait: false });
  await eventually(async () => (await house.status('mill-feat'))?.stage === 'claimed');

  await ready('mill', shop('mill', '2'));
  first.release();
  expect(await house.outcome('mill-feat', 2)).toMatchObject({
    outcome: 'ready',
    cause: { kind: 'parent moved', parent: 'mill', parentGeneration: 2 },
  });
  const mine = await specOf('mill', 'api');
  const { placements } = await house.artifact<Plan>('mill-feat', 'plan');
  expect(placements.find(({ service }) => service === 'api')?.provider).toEqual({
    env: 'mill',
    service: 'api',
    specDigest: mine,
  });
  await oneAnswerOneOutcome(house);
});

test('a pinned child of a parent that becomes ready as something newer runs what it pinned', async () => {
  const first = holdApproval('barn', 1);
  await house.apply('barn', shop('barn', '1'), { wait: false });
  const pinned = { mode: 'overlay', baselineId: 'barn', track: 'pinned' };
  await house.apply('barn-pin', asYaml({ ...overlay('barn-pin', 'barn', []), routing: pinned }), { wait: false });
  await eventually(async () => (await house.status('barn-pin'))?.stage === 'claimed');

  await ready('barn', shop('barn', '2'));
  first.release();
  expect(await house.outcome('barn-pin', 2)).toMatchObject({ outcome: 'ready' });
  expect(await seen('barn', 'barn-pin')).toEqual(['web@barn > api@barn-pin', '1']);
  await oneAnswerOneOutcome(house);
});

function shop(env: string, version: string): string {
  return asYaml(baseline(env, [echo('web', { upstreams: ['api'], expose: true }), echo('api', { version })]));
}

function feature(env: string, parent: string): string {
  return asYaml(overlay(env, parent, [worker]));
}

/** Holds up the message that lets the runtime claim this generation. */
function holdApproval(env: string, generation: number): Hold {
  return house.gates.hold('runtime', (message) => {
    const about = parseSubject(message.subject);
    if (about?.kind !== 'event' || about.env !== env || about.last !== 'approved') return false;
    return aboutOf(message).generation === generation;
  });
}

async function seen(parent: string, context: string): Promise<readonly [string, string | undefined]> {
  const { body } = await askHttp<EchoAnswer>(await house.urlOf(parent, 'web'), context);
  return [hopsOf(body), body.calls[0]?.version];
}

async function specOf(env: string, service: string): Promise<string | undefined> {
  return (await house.services(env)).find((item) => item.service === service)?.specDigest;
}

async function executionsOf(env: string): Promise<readonly string[]> {
  return ((await house.ask({ kind: 'executions', env }))?.items ?? []).map(({ execution }) => execution);
}

/** Settles once every message that the runtime was given is acked. */
async function quiet(env: string): Promise<void> {
  await eventually(
    async () => {
      const state = await house.bus.durableState(durables.runtimeApproved);
      return state !== undefined && state.pending + state.unsettled === 0;
    },
    { message: `every approval of "${env}" is acked` },
  );
}

async function ready(env: string, blueprint: string): Promise<void> {
  const { answer, activation } = await house.apply(env, blueprint);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
