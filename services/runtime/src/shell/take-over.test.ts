import type { Bus, Message, Outcome } from '@microstax/bus/bus';
import { Unavailable } from '@microstax/bus/bus-error';
import { bundleOf } from '@microstax/contracts/bundle';
import type { Approval } from '@microstax/model/approval';
import { sealArtifact } from '@microstax/model/artifact';
import { must } from '@microstax/model/must';
import { ownerIdentity, processStartTime } from '@microstax/service/process-identity';
import { eventually } from '@microstax/testkit/eventually';
import { expect, test } from 'vitest';
import { aPlan, aResolution, aSpec } from '../core/testing/plans.ts';
import { EnvironmentRuns } from './environment-runs.ts';
import { takeUpEstate } from './estate.ts';
import { EstateBook } from './estate-book.ts';
import { onActivationApproved } from './on-activation-approved.ts';
import type { Runner } from './run-execution.ts';
import { takeOver } from './take-over.ts';
import { type MemoryWorld, memoryWorld } from './testing/memory-world.ts';

/** An answer of the graph that was lost leaves an execution with an owner that does not know it (protocol 22). */

const [org, env] = ['default', 'shop'];
const execution = 'shop@1';
const plan = aPlan(env, [aSpec('web')]);
const dead = { ...ownerIdentity(), startTime: '0' };

type Scene = { readonly world: MemoryWorld; readonly runner: Runner; approve(): Promise<Outcome> };

function scene(): Scene {
  const world = memoryWorld({ owner: ownerIdentity() });
  const sealed = sealArtifact('plan', plan);
  const resolution = sealArtifact('resolution', { ...aResolution(plan), plan: sealed.digest });
  const findings = sealArtifact('findings', { findings: [] });
  const approval = sealArtifact<Approval>('approval', {
    ...{ org, env, engine: 'test', derivation: plan.derivation, plan: sealed.digest },
    ...{ resolution: resolution.digest, findings: findings.digest, uniqueKeys: [] },
  });
  world.graph.artifacts.set(sealed.digest, plan).set(resolution.digest, resolution.value);
  world.graph.approved.set(env, { plan: sealed.digest, resolution: resolution.digest });
  const event = { org, env, generation: 1, activation: execution, submission: null };
  const body = { ...event, bundle: bundleOf(sealed, resolution, findings, approval) };
  const message = { purpose: 'activate', subject: 's', body: Buffer.from(JSON.stringify(body)) } as unknown as Message;
  const bus = { openBundle: async (bundle: unknown) => bundle } as Bus;
  const end = new AbortController().signal;
  const runner = { org, world, runs: new EnvironmentRuns(), book: new EstateBook(), end };
  return { world, runner, approve: () => onActivationApproved(message, bus, runner) };
}

/** The graph does what it is asked, and its answer does not arrive. */
function losing(world: MemoryWorld, method: 'claim' | 'takeover', answers = 1): void {
  const original = world.graph[method].bind(world.graph) as (org: string, request: never) => Promise<never>;
  let left = answers;
  world.graph[method] = async (org: string, request: never) => {
    const reply = await original(org, request);
    left -= 1;
    if (left >= 0) throw new Unavailable('graph');
    return reply;
  };
}

async function endsOnce({ world, runner }: Scene): Promise<void> {
  await eventually(() => !runner.runs.isRunning('default.shop') && !world.graph.isOpen(env));
  const finished = world.graph.journal(env).filter(({ type }) => type === 'finished');
  expect(finished).toMatchObject([{ outcome: 'ready' }]);
  expect(world.driver.starts).toHaveLength(1);
}

const takeovers = (world: MemoryWorld): number =>
  world.graph.journal(env).filter(({ type }) => type === 'taken over').length;

test('onActivationApproved() goes on at once with its own claim whose answer was lost', async () => {
  const given = scene();
  losing(given.world, 'claim');
  await expect(given.approve()).rejects.toThrow(Unavailable);
  expect(given.runner.runs.isRunning('default.shop')).toBe(false);
  expect(await given.approve()).toEqual({ kind: 'done' });
  await endsOnce(given);
});

test('onActivationApproved() goes on at once with the claim of an owner on this host that has ended', async () => {
  const given = scene();
  await given.world.graph.claim(org, { env, generation: 1, approval: 'sha256:0', owner: dead });
  await given.approve();
  await endsOnce(given);
});

test('onActivationApproved() leaves alone what it runs, what a living owner runs, and what another host runs', async () => {
  const mine = scene();
  await mine.approve();
  await mine.approve();
  await endsOnce(mine);
  await mine.approve();
  expect(takeovers(mine.world)).toBe(0);

  const { ppid } = process;
  const living = { ...ownerIdentity(), pid: ppid, startTime: must(processStartTime(ppid), 'a parent lives') };
  for (const owner of [{ ...dead, host: 'elsewhere' }, living]) {
    const given = scene();
    await given.world.graph.claim(org, { env, generation: 1, approval: 'sha256:0', owner });
    await given.approve();
    expect(takeovers(given.world)).toBe(0);
    expect(given.world.driver.starts).toEqual([]);
  }
});

test('takeOver() goes on at once where its own takeover was not answered, once', async () => {
  const given = scene();
  await given.world.graph.claim(org, { env, generation: 1, approval: 'sha256:0', owner: dead });
  losing(given.world, 'takeover');
  const offer = { org, env, generation: 1, execution, epoch: 1, reason: 'silent' };
  await expect(takeOver(offer, given.runner)).rejects.toThrow(Unavailable);
  await Promise.all([takeOver(offer, given.runner), given.approve(), takeUpEstate(given.runner)]);
  await endsOnce(given);
  expect(takeovers(given.world)).toBe(2);
});

test('takeUpEstate() takes over what a dead owner of this host left open', async () => {
  const given = scene();
  await given.world.graph.claim(org, { env, generation: 1, approval: 'sha256:0', owner: dead });
  await takeUpEstate(given.runner);
  await endsOnce(given);
});
