import { BusError, Unavailable } from '@microstax/bus/bus-error';
import { sealArtifact } from '@microstax/model/artifact';
import type { JournalEvent } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';
import type { RouteTable } from '@microstax/model/route-table';
import { eventually } from '@microstax/testkit/eventually';
import { createFakeClock } from '@microstax/testkit/fake-clock';
import { describe, expect, test } from 'vitest';
import { neverAsked } from '../core/testing/never-asked.ts';
import { aPlan, aResolution, aSpec } from '../core/testing/plans.ts';
import { DriverRefusal } from './driver/driver.ts';
import { EnvironmentRuns } from './environment-runs.ts';
import { EstateBook } from './estate-book.ts';
import { Executor } from './executor.ts';
import { runExecution } from './run-execution.ts';
import type { ExecutionEnd, ExecutionTask } from './task.ts';
import { type MemoryWorld, memoryWorld } from './testing/memory-world.ts';
import type { World } from './world.ts';

const env = 'shop';
const web = aSpec('web');
const api = aSpec('api');
const calls = (service: string) =>
  ({ service, kind: 'calls', protocol: 'http', propagates: true, required: true }) as const;
const never = new AbortController().signal;
const fresh = { isFresh: () => true };

async function claimed(plan: Plan, generation: number, world: World): Promise<ExecutionTask> {
  const reply = await world.graph.claim('default', { env, generation, approval: 'sha256:0', owner: world.owner });
  if (reply.kind !== 'claimed') throw new Error(`not claimed: ${reply.kind}`);
  const { execution, epoch, length, inventory } = reply;
  return {
    org: 'default',
    env,
    generation,
    execution,
    plan,
    resolution: aResolution(plan),
    epoch,
    length,
    inventory,
    events: [],
  };
}

async function takenOver(task: ExecutionTask, world: MemoryWorld): Promise<ExecutionTask> {
  const { execution } = task;
  const epoch = world.graph.epoch(env);
  const reply = await world.graph.takeover('default', { env, execution, epoch, owner: world.owner, reason: 'silent' });
  if (reply.kind !== 'taken over') throw new Error('not taken over');
  const { length, inventory, events } = reply;
  return { ...task, epoch: reply.epoch, length, inventory, events };
}

async function executed(plan: Plan, generation: number, world: World): Promise<ExecutionEnd> {
  return new Executor(await claimed(plan, generation, world), world, { lease: fresh, stop: never, end: never }).run();
}

const steps = (events: readonly JournalEvent[]): string[] =>
  events.flatMap((event) => ('job' in event ? [`${event.type} ${event.job}`] : [event.type]));

describe('Executor', () => {
  test('intends before it acts, acts in order, and writes an outcome with the intents that follow from it', async () => {
    const world = memoryWorld({ clock: createFakeClock() }); // no outcome is ever late
    const plan = aPlan(env, [api, aSpec('web', { dependsOn: [calls('api')] })]);
    const sizes: number[] = [];
    const append = world.graph.append.bind(world.graph);
    world.graph.append = (org, request) => {
      sizes.push(request.events.length);
      return append(org, request);
    };
    expect(await executed(plan, 1, world)).toMatchObject({ kind: 'finished', outcome: 'ready' });
    expect(steps(world.graph.journal(env))).toEqual([
      ...['claimed', 'bound', 'intended scope', 'intended workload:api', 'intended readiness:api'],
      ...['intended workload:web', 'intended readiness:web', 'done scope'],
      ...['done workload:api', 'done readiness:api', 'done workload:web', 'done readiness:web', 'intended routes'],
      ...['done routes', 'done removals', 'finished'],
    ]);
    expect(sizes).toEqual([6, 1, 5, 3]);
  });

  test('keeps what is the same, replaces what changed, and removes the old one last', async () => {
    const world = memoryWorld();
    await executed(aPlan(env, [web, api]), 1, world);
    const [apiBefore, webBefore] = world.graph.inventory(env).instances;
    await executed(aPlan(env, [aSpec('web', { args: ['2'] }), api]), 2, world);
    expect(world.driver.starts).toHaveLength(3);
    expect(world.driver.stops).toEqual([webBefore?.id]);
    expect(world.graph.inventory(env).instances).toContainEqual(apiBefore);
    const second = steps(world.graph.journal(env)).slice(-20);
    expect(second.indexOf('done routes')).toBeLessThan(second.indexOf('intended removals'));
  });

  test('of many jobs intends ahead, acts on few at once and only on what is intended, and appends seldom', async () => {
    const world = memoryWorld();
    const services = Array.from({ length: 300 }, (_, index) => aSpec(`s${index}`));
    let [appends, acting, actingMax] = [0, 0, 0];
    const append = world.graph.append.bind(world.graph);
    world.graph.append = (org, request) => {
      appends += 1;
      return append(org, request);
    };
    const start = world.driver.start.bind(world.driver);
    world.driver.start = async (request) => {
      acting += 1;
      actingMax = Math.max(actingMax, acting);
      expect(steps(world.graph.journal(env))).toContain(`intended workload:${request.spec.name}`);
      await new Promise((resolve) => setImmediate(resolve));
      acting -= 1;
      return start(request);
    };
    expect(await executed(aPlan(env, services), 1, world)).toMatchObject({ outcome: 'ready' });
    expect(actingMax).toBe(world.limits.maxParallel);
    expect(appends).toBeLessThan(services.length / 4);
    const journal = steps(world.graph.journal(env));
    expect(new Set(journal).size).toBe(journal.length);
  });

  test('of many intended jobs begins none after one has failed', async () => {
    const world = memoryWorld();
    const services = Array.from({ length: 40 }, (_, index) => aSpec(`s${index}`));
    world.driver.readiness = async () => ({ kind: 'failed', reason: 'exit code 3', portTaken: false });
    expect(await executed(aPlan(env, services), 1, world)).toMatchObject({ outcome: 'failed' });
    const asked = steps(world.graph.journal(env)).filter((step) => step.startsWith('failed readiness'));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(world.limits.maxParallel);
    expect(world.driver.living.size).toBe(0);
  });

  test('an outage under a job is waited out and uses up no attempt', async () => {
    const clock = createFakeClock();
    const world = memoryWorld({ clock });
    let outages = 0;
    const put = world.tables.put.bind(world.tables);
    world.tables.put = (key, value, after) => {
      const isRoutesJob = (value as RouteTable).generation === 1;
      if (!isRoutesJob || outages >= 50) return put(key, value, after);
      outages += 1;
      return Promise.reject(new BusError('unavailable', 'the bus is away'));
    };
    const running = executed(aPlan(env, [web]), 1, world);
    await eventually(async () => {
      await clock.advance(1_000);
      return !world.graph.isOpen(env) && world.graph.journal(env).some(({ type }) => type === 'finished');
    });
    expect(await running).toMatchObject({ kind: 'finished', outcome: 'ready' });
    expect(outages).toBe(50);
  });

  test('a claim on a bus that forgot the table stamps what serves, not an empty one', async () => {
    const world = memoryWorld();
    const plan = aPlan(env, [web]);
    const digests = {
      plan: sealArtifact('plan', plan).digest,
      resolution: sealArtifact('resolution', aResolution(plan)).digest,
    };
    world.graph.artifacts.set(digests.plan, plan).set(digests.resolution, aResolution(plan));
    world.graph.approved.set(env, digests);
    await executed(plan, 1, world);
    const before = await world.tables.get<RouteTable>('default.shop');
    await world.tables.delete('default.shop');
    let during: RouteTable | undefined;
    world.driver.readiness = async () => {
      during = (await world.tables.get<RouteTable>('default.shop'))?.value;
      return { kind: 'ready' };
    };
    await executed(aPlan(env, [aSpec('web', { args: ['2'] })]), 2, world);
    expect(before?.value.endpoints).toHaveLength(1);
    expect(during).toEqual({ ...before?.value, epoch: 2 });
  });

  test('on failure ends what it started, and leaves what served', async () => {
    const world = memoryWorld();
    await executed(aPlan(env, [web]), 1, world);
    const before = world.graph.inventory(env).instances;
    world.driver.readiness = async () => ({ kind: 'failed', reason: 'exit code 3', portTaken: false });
    expect(await executed(aPlan(env, [aSpec('web', { args: ['2'] })]), 2, world)).toMatchObject({
      kind: 'finished',
      outcome: 'failed',
      reason: 'readiness:web: exit code 3',
    });
    expect(world.graph.inventory(env).instances).toEqual(before);
    expect([...world.driver.living.values()]).toEqual(before);
  });

  test('starts a program again, under its name, whose port somebody took', async () => {
    const world = memoryWorld();
    let asked = 0;
    world.driver.readiness = async () => {
      asked += 1;
      return asked === 1 ? { kind: 'failed', reason: 'EADDRINUSE', portTaken: true } : { kind: 'ready' };
    };
    expect(await executed(aPlan(env, [web]), 1, world)).toMatchObject({ outcome: 'ready' });
    const [instance] = world.graph.inventory(env).instances;
    expect(world.driver.starts).toHaveLength(2);
    expect(instance).toEqual([...world.driver.living.values()][0]);
  });

  test('goes on after an append whose answer was lost, without writing anything twice', async () => {
    const world = memoryWorld();
    const append = world.graph.append.bind(world.graph);
    let count = 0;
    world.graph.append = async (org, request) => {
      const reply = await append(org, request);
      count += 1;
      if (count % 2 === 1) throw new Unavailable('graph');
      return reply;
    };
    expect(await executed(aPlan(env, [web]), 1, world)).toMatchObject({ outcome: 'ready' });
    const journal = steps(world.graph.journal(env));
    expect(new Set(journal).size).toBe(journal.length);
  });

  test('starts nothing while its lease is doubtful, and goes on when it is renewed', async () => {
    const world = memoryWorld();
    let isFresh = false;
    const task = await claimed(aPlan(env, [web]), 1, world);
    const run = new Executor(task, world, { lease: { isFresh: () => isFresh }, stop: never, end: never }).run();
    await eventually(() => world.graph.journal(env).length === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(steps(world.graph.journal(env))).toEqual(['claimed', 'bound']);
    isFresh = true;
    expect(await run).toMatchObject({ outcome: 'ready' });
  });

  test('stops at once when a newer owner was here, and starts nothing after it', async () => {
    const world = memoryWorld();
    const task = await claimed(aPlan(env, [web, api]), 1, world);
    world.driver.readiness = async () => {
      await takenOver(task, world); // somebody else raises the epoch
      return { kind: 'ready' };
    };
    const end = await new Executor(task, world, { lease: fresh, stop: never, end: never }).run();
    expect(end).toMatchObject({ kind: 'stopped' });
    expect(steps(world.graph.journal(env))).not.toContain('intended routes');
  });

  test('lets what is under way settle before it breaks', async () => {
    const world = memoryWorld();
    const append = world.graph.append.bind(world.graph);
    let settled = false;
    world.driver.readiness = (instance, signal) => {
      if (instance.service === 'api') return Promise.resolve({ kind: 'ready' });
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          settled = true;
          resolve({ kind: 'cancelled' });
        });
      });
    };
    world.graph.append = (org, request) => {
      const broken = request.events.some((event) => event.type === 'done' && event.job === 'readiness:api');
      return broken ? Promise.reject(new Error('a defect of the graph')) : append(org, request);
    };
    await expect(executed(aPlan(env, [web, api]), 1, world)).rejects.toThrow('a defect of the graph');
    expect(settled).toBe(true);
  });

  test('waits on where the graph says that the provider is worth waiting for', async () => {
    const world = memoryWorld();
    const job: Job = {
      ...{ id: 'await:base/db', kind: 'await', after: [], reason: 'provided there' },
      provider: { env: 'base', service: 'db', specDigest: 'sha256:0' },
    };
    const plan = { ...aPlan(env, []), jobs: [job] };
    const status = { wanted: 'running', state: 'failed', serving: null, outcome: 'failed', reason: 'crashed' };
    await world.statuses.put('default.base', status);
    world.graph.refuse = (event) => (event.type === 'failed' ? 'it is being activated again' : undefined);
    const run = executed(plan, 1, world);
    await eventually(() => steps(world.graph.journal(env)).includes('intended await:base/db'));
    await world.statuses.put('default.base', { ...status, serving: { generation: 2, revision: 'sha256:0' } });
    expect(await run).toMatchObject({ outcome: 'ready' });
  });

  test('does not wait for a provider that serves already, and says so with the first append', async () => {
    const world = memoryWorld();
    const job: Job = {
      ...{ id: 'await:base/db', kind: 'await', after: [], reason: 'provided there' },
      provider: { env: 'base', service: 'db', specDigest: 'sha256:0' },
    };
    const plan = aPlan(env, [web]);
    const serving = { generation: 2, revision: 'sha256:0' };
    await world.statuses.put('default.base', { wanted: 'running', state: 'ready', serving, servingWanted: 'running' });
    await executed({ ...plan, jobs: [job, ...plan.jobs] }, 1, world);
    expect(steps(world.graph.journal(env)).slice(0, 4)).toEqual([
      ...['claimed', 'bound', 'done await:base/db', 'intended scope'],
    ]);
  });

  test('ends as failed, with the reason, where the world refuses the fence', async () => {
    const world = memoryWorld();
    world.driver.stamp = async () => {
      throw new DriverRefusal('Cannot list namespaces: forbidden');
    };
    expect(await executed(aPlan(env, [web]), 1, world)).toEqual({
      ...{ kind: 'finished', outcome: 'failed', reason: 'Cannot list namespaces: forbidden' },
    });
    expect(world.driver.starts).toEqual([]);
  });

  test('waits until a world that is away is back, also where it ends what failed', async () => {
    const world = memoryWorld();
    world.driver.readiness = async () => ({ kind: 'failed', reason: 'it crashed', portTaken: false });
    const away = new Set(['stamp', 'stop']);
    const { stamp, stop } = world.driver;
    world.driver.stamp = (...words) =>
      away.delete('stamp') ? Promise.reject(new Unavailable('API')) : stamp.apply(world.driver, words);
    world.driver.stop = (...words) =>
      away.delete('stop') ? Promise.reject(new Unavailable('API')) : stop.apply(world.driver, words);
    const end = executed(aPlan(env, [web]), 1, world);
    expect(await end).toMatchObject({
      kind: 'finished',
      outcome: 'failed',
      reason: expect.stringContaining('it crashed'),
    });
    expect(world.driver.stops).toHaveLength(1);
    expect(away.size).toBe(0);
  });

  test('ends processes that an earlier execution could not tell of', async () => {
    const world = memoryWorld();
    const spec = aSpec('ghost');
    await world.driver.start({
      scope: { org: 'default', env },
      instance: 'ghost-x-1',
      epoch: 1,
      spec,
      runDigest: 'sha256:1',
      listeners: [],
      composition: neverAsked,
    });
    await executed(aPlan(env, [web]), 1, world);
    expect(world.driver.stops).toEqual(['ghost-x-1']);
  });
});

describe('runExecution()', () => {
  test('begins a newer execution once the older one of this process has stopped', async () => {
    const world = memoryWorld();
    const runner = { org: 'default', world, runs: new EnvironmentRuns(), book: new EstateBook(), end: never };
    let waiting = 0;
    world.driver.readiness = (instance, signal) => {
      if (!instance.id.endsWith('-1')) return Promise.resolve({ kind: 'ready' });
      waiting += 1;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'cancelled' })));
    };
    runExecution(await claimed(aPlan(env, [web]), 1, world), 'claimed', runner);
    await eventually(() => waiting === 1);
    const plan = aPlan(env, [aSpec('web', { args: ['2'] })]);
    runExecution(await claimed(plan, 2, world), 'claimed', runner);
    await eventually(() => !runner.runs.isRunning('default.shop'));
    expect(world.graph.journal(env).at(-1)).toMatchObject({ type: 'finished', outcome: 'ready' });
    expect([...world.driver.living.keys()]).toEqual(world.graph.inventory(env).instances.map(({ id }) => id));
    expect(runner.book.get('default', env)).toMatchObject({
      generation: 2,
      epoch: 2,
      length: world.graph.journal(env).length,
    });
  });
});

// F3: a crash at every call that leaves the process, before its effect and after it, with nobody hearing the answer.
describe('An execution whose owner crashes anywhere', () => {
  const plan = aPlan(env, [aSpec('web', { dependsOn: [calls('api')] }), api, aSpec('old')]);
  const changed = aPlan(env, [aSpec('web', { dependsOn: [calls('api')], args: ['2'] }), api]);

  test.each(['before', 'after'] as const)(
    '%s any effect is finished by another, nothing started or written twice',
    async (when) => {
      let crashes = 0;
      for (let at = 1; at < 200; at += 1) {
        const world = memoryWorld();
        await executed(plan, 1, world);
        const task = await claimed(changed, 2, world);
        const mortal = crashing(world, { at, when });
        const end = await Promise.race([
          new Executor(task, mortal.world, { lease: fresh, stop: never, end: never }).run(),
          mortal.died,
        ]);
        if (end !== 'died') {
          expect(at).toBeGreaterThan(15);
          break;
        }
        crashes += 1;
        if (world.graph.isOpen(env)) {
          const taken = await takenOver(task, world);
          const second = await new Executor(taken, world, { lease: fresh, stop: never, end: never }).run();
          expect(second, `crash ${when} call ${at}`).toMatchObject({ outcome: 'ready' });
        }
        expect(new Set(world.driver.starts).size, `crash ${when} call ${at}`).toBe(world.driver.starts.length);
        expect(world.driver.starts).toHaveLength(4);
        expect([...world.driver.living.keys()].sort()).toEqual(
          world.graph
            .inventory(env)
            .instances.map(({ id }) => id)
            .sort(),
        );
        const done = steps(world.graph.journal(env)).filter((step) => step.startsWith('done'));
        expect(done.filter((step) => step === 'done workload:web')).toHaveLength(2);
        expect((await world.tables.get<{ generation: number }>('default.shop'))?.value.generation).toBe(2);
      }
      expect(crashes).toBeGreaterThan(15);
    },
  );
});

/** A world in which the `at`-th call never comes back: it happened, or it did not. */
function crashing(world: MemoryWorld, { at, when }: { at: number; when: 'before' | 'after' }) {
  let callsMade = 0;
  let die: (word: 'died') => void = () => {};
  const died = new Promise<'died'>((resolve) => {
    die = resolve;
  });
  const mortal = <T extends object>(target: T, names: readonly string[]): T =>
    new Proxy(target, {
      get: (_, name) => {
        const method = Reflect.get(target, name) as unknown;
        if (typeof method !== 'function') return method;
        if (!names.includes(String(name))) return method.bind(target);
        return async (...args: unknown[]) => {
          callsMade += 1;
          const mine = callsMade;
          if (mine < at) return method.apply(target, args);
          if (mine === at && when === 'after') await method.apply(target, args);
          die('died');
          return new Promise(() => {});
        };
      },
    });
  return {
    died,
    world: {
      ...world,
      driver: mortal(world.driver, ['stamp', 'start', 'ready', 'stop', 'list', 'find']),
      graph: mortal(world.graph, ['append']),
      tables: mortal(world.tables, ['get', 'put']),
      routers: mortal(world.routers, ['ids', 'scope', 'confirm', 'idle']),
    },
  };
}
