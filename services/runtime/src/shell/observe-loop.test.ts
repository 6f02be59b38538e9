import { Unavailable } from '@microstax/bus/bus-error';
import { must } from '@microstax/model/must';
import { ownerIdentity } from '@microstax/service/process-identity';
import { expect, test } from 'vitest';
import { aPlan, aResolution, aSpec } from '../core/testing/plans.ts';
import { EnvironmentRuns } from './environment-runs.ts';
import { takeUpEstate } from './estate.ts';
import { EstateBook } from './estate-book.ts';
import { Executor } from './executor.ts';
import { observeAll } from './observe-loop.ts';
import type { Runner } from './run-execution.ts';
import { MemoryBucket } from './testing/memory-bucket.ts';
import { type MemoryWorld, memoryWorld } from './testing/memory-world.ts';

const [org, env] = ['default', 'shop'];
const never = new AbortController().signal;

/** A runner that looks after one environment, in which "web" and "api" run. */
async function serving(world: MemoryWorld): Promise<Runner> {
  const plan = aPlan(env, [aSpec('web'), aSpec('api')]);
  const reply = await world.graph.claim(org, { env, generation: 1, approval: 'sha256:0', owner: world.owner });
  if (reply.kind !== 'claimed') throw new Error(`not claimed: ${reply.kind}`);
  const task = { org, env, generation: 1, plan, resolution: aResolution(plan), events: [], ...reply };
  const executor = new Executor(task, world, { lease: { isFresh: () => true }, stop: never, end: never });
  await executor.run();
  const runner = { org, world, runs: new EnvironmentRuns(), book: new EstateBook(), end: never };
  runner.book.note(executor.position);
  return runner;
}

test('observeAll() says what is missing once, first in the journal, then as drift', async () => {
  const world = memoryWorld();
  const runner = await serving(world);
  const web = must(
    world.graph.inventory(env).instances.find(({ service }) => service === 'web'),
    '"web" runs',
  );
  world.driver.living.delete(web.id);
  await observeAll(runner);
  await observeAll(runner);
  expect(world.graph.journal(env).filter(({ type }) => type === 'lost')).toMatchObject([
    { service: 'web', orderly: false },
  ]);
  expect(world.graph.drifts).toEqual([{ env, services: ['web'], orderly: false }]);
});

test('observeAll() looks after what another runtime of this host left when it ended', async () => {
  const world = memoryWorld({ owner: { ...ownerIdentity(), startTime: '0' } }); // an earlier process with our id
  await serving(world);
  const heir = { ...world, owner: ownerIdentity() };
  const runner = { org, world: heir, runs: new EnvironmentRuns(), book: new EstateBook(), end: never };
  await observeAll(runner);
  expect(runner.book.get(org, env)).toMatchObject({ generation: 1, length: world.graph.journal(env).length });
  world.driver.living.clear();
  await observeAll(runner);
  expect(world.graph.drifts).toEqual([{ env, services: ['api', 'web'], orderly: false }]);
});

test('observeAll() takes up everything where nobody could say what there is when the bus came back', async () => {
  const world = memoryWorld();
  const plan = aPlan(env, [aSpec('web'), aSpec('api')]);
  world.graph.approved.set(env, { plan: 'sha256:1', resolution: 'sha256:2' });
  world.graph.artifacts.set('sha256:1', plan);
  world.graph.artifacts.set('sha256:2', aResolution(plan));
  const runner = await serving(world);
  const forgetful = { ...runner, world: { ...world, tables: new MemoryBucket() } }; // the bus was emptied
  const { estate } = world.graph;
  world.graph.estate = () => Promise.reject(new Unavailable('graph'));
  await expect(takeUpEstate(forgetful)).rejects.toThrow('graph');
  world.graph.estate = estate;
  expect(await forgetful.world.tables.keys()).toEqual([]);
  await observeAll(forgetful);
  expect(await forgetful.world.tables.keys()).toEqual([`${org}.${env}`]);
});

test('observeAll() says drift again until the graph has heard it, with what is missing by then', async () => {
  const world = memoryWorld();
  const runner = await serving(world);
  const [api, web] = world.graph.inventory(env).instances;
  const { drift } = world.graph;
  world.graph.drift = () => Promise.reject(new Unavailable('graph'));
  world.driver.living.delete(must(web, '"web" runs').id);
  await expect(observeAll(runner)).rejects.toThrow('graph');
  world.driver.living.delete(must(api, '"api" runs').id);
  await expect(observeAll(runner)).rejects.toThrow('graph');
  world.graph.drift = drift;
  await observeAll(runner);
  await observeAll(runner);
  expect(world.graph.drifts).toEqual([{ env, services: ['api', 'web'], orderly: false }]);
});
