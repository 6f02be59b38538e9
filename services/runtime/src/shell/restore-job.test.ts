import type { SnapshotItem } from '@microstax/contracts/data-requests';
import type { JournalEvent } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Job, Plan } from '@microstax/model/plan';
import { type Snapshot, snapshotDigest } from '@microstax/model/snapshot';
import { expect, test } from 'vitest';
import { aPlan, aResolution, aSpec } from '../core/testing/plans.ts';
import type { DataHands, RestoreRequest, SeedRequest } from './driver/data-hands.ts';
import { Executor } from './executor.ts';
import type { ExecutionTask } from './task.ts';
import { type MemoryWorld, memoryWorld } from './testing/memory-world.ts';

const env = 'feat';
const db = aSpec('db', { stateful: true });
const web = aSpec('web', {
  dependsOn: [{ service: 'db', kind: 'calls', protocol: 'http', propagates: true, required: true }],
});
const never = new AbortController().signal;

/** `db` restored, then seeded, then used by `web`. */
function dataPlan(reference = 'shop/nightly sanitised users.email:mask'): Plan {
  const plan = aPlan(env, [db, web]);
  const data: Job[] = [
    { id: 'restore:db', kind: 'restore', service: 'db', reference, after: ['readiness:db'], reason: '' },
    { id: 'seed:db/demo', kind: 'seed', service: 'db', reference: 'demo@3', after: ['restore:db'], reason: '' },
  ];
  const jobs = plan.jobs.flatMap((job): Job[] => {
    if (job.id === 'readiness:db') return [job, ...data];
    return job.id === 'workload:web' ? [{ ...job, after: ['scope', 'seed:db/demo'] }] : [job];
  });
  return { ...plan, jobs };
}

function recorded(name = 'nightly'): SnapshotItem {
  const part = {
    service: 'db',
    engine: 'folder',
    specDigest: 'sha256:0',
    files: 'sha256:0',
    fileCount: 1,
    bytes: 1,
  } as const;
  const snapshot: Snapshot = {
    ...{ org: 'default', env: 'shop', name, generation: 1, plan: 'sha256:0', revision: 'sha256:0', takenAt: 1 },
    consistency: { kind: 'one' },
    services: [part],
  };
  return { ...snapshot, digest: snapshotDigest(snapshot) };
}

/** A driver whose data is a directory that is exchanged. */
function withHands(world: MemoryWorld, draft: Partial<DataHands> = {}) {
  const restores: RestoreRequest[] = [];
  const seeds: SeedRequest[] = [];
  const unused = () => Promise.reject(new Error('nobody asks for that'));
  world.driver.data = {
    take: unused,
    check: unused,
    seeds: unused,
    async restore(request) {
      restores.push(request);
      const outcome = await request.whileStopped(async () => {
        expect(world.driver.living.has(request.instance.id)).toBe(false);
      });
      return outcome.kind === 'done' ? { kind: 'done', reason: 'restored' } : outcome;
    },
    async seed(request) {
      seeds.push(request);
      return { kind: 'done', reason: 'seeded' };
    },
    ...draft,
  };
  return { restores, seeds };
}

async function executed(plan: Plan, world: MemoryWorld, generation = 1) {
  const reply = await world.graph.claim('default', { env, generation, approval: 'sha256:0', owner: world.owner });
  if (reply.kind !== 'claimed') throw new Error(`not claimed: ${reply.kind}`);
  const { execution, epoch, length, inventory } = reply;
  const task: ExecutionTask = {
    ...{ org: 'default', env, generation, execution, plan, resolution: aResolution(plan), epoch, length, inventory },
    events: [],
  };
  const end = await new Executor(task, world, { lease: { isFresh: () => true }, stop: never, end: never }).run();
  return { end, task };
}

const steps = (events: readonly JournalEvent[]): string[] =>
  events.flatMap((event) => ('job' in event ? [`${event.type} ${event.job}`] : []));

test('data is restored and seeded before it is used, and the instance that was started again is the one that serves', async () => {
  const world = memoryWorld();
  const { restores, seeds } = withHands(world);
  world.graph.recorded.push(recorded());
  expect((await executed(dataPlan(), world)).end).toMatchObject({ outcome: 'ready' });
  const journal = steps(world.graph.journal(env));
  expect(journal.indexOf('done restore:db')).toBeLessThan(journal.indexOf('intended seed:db/demo'));
  expect(journal.indexOf('done seed:db/demo')).toBeLessThan(journal.indexOf('done workload:web'));
  expect(world.driver.starts.filter((id) => id.startsWith('db-'))).toHaveLength(2);
  const [living] = [...world.driver.living.values()].filter(({ service }) => service === 'db');
  expect(world.graph.inventory(env).instances.find(({ service }) => service === 'db')).toEqual(living);
  expect(restores[0]).toMatchObject({ rules: { sanitise: { 'users.email': 'mask' } }, snapshot: { name: 'nightly' } });
  expect(seeds[0]).toMatchObject({ name: 'demo', version: '3', key: expect.stringMatching(/^sha256:/) });
  expect(seeds[0]?.instance).toEqual(living);
});

test('a restore that broke is done again by the next execution, before anything uses the data', async () => {
  const world = memoryWorld();
  let isFirst = true;
  const { restores } = withHands(world);
  const hands = must(world.driver.data, 'it was given hands');
  world.driver.data = {
    ...hands,
    async restore(request) {
      const outcome = await hands.restore(request);
      if (!isFirst) return outcome;
      isFirst = false;
      throw new Error('the process ends here');
    },
  };
  world.graph.recorded.push(recorded());
  const first = await executed(dataPlan(), world);
  expect(first.end).toMatchObject({ outcome: 'failed' });
  expect((await executed(dataPlan(), world, 2)).end).toMatchObject({ outcome: 'ready' });
  expect(restores).toHaveLength(2);
});

test('where no data is restored nothing that uses it starts, and the reason says what there is', async () => {
  const world = memoryWorld();
  withHands(world);
  world.graph.recorded.push(recorded('weekly'));
  const { end } = await executed(dataPlan(), world);
  expect(end).toMatchObject({
    outcome: 'failed',
    reason:
      'restore:db: Cannot restore "db": There is no snapshot shop/nightly; known: shop/weekly (msx snapshot create shop)',
  });
  expect(world.driver.starts.some((id) => id.startsWith('web-'))).toBe(false);
});

test('a snapshot that is not named is the newest with data of the service', async () => {
  const world = memoryWorld();
  const { restores } = withHands(world);
  world.graph.recorded.push(recorded('old'), recorded('new'), { ...recorded('other'), services: [] });
  expect((await executed(dataPlan('shop/newest'), world)).end).toMatchObject({ outcome: 'ready' });
  expect(restores[0]?.snapshot.name).toBe('new');
});

test('a driver without hands fails the job and says so', async () => {
  const world = memoryWorld();
  const { end } = await executed(dataPlan(), world);
  expect(end).toMatchObject({ reason: 'restore:db: the driver of this runtime cannot restore data' });
});

test('what serves stays where routes lead, also where a later step of the execution fails', async () => {
  const world = memoryWorld();
  withHands(world, { seed: async () => ({ kind: 'refused', reason: 'there is no seed "demo"' }) });
  world.graph.recorded.push(recorded());
  expect((await executed(aPlan(env, [db, web]), world)).end).toMatchObject({ outcome: 'ready' });
  const before = must(
    world.graph.inventory(env).instances.find(({ service }) => service === 'db'),
    'db serves',
  );
  expect((await executed(dataPlan(), world, 2)).end).toMatchObject({
    outcome: 'failed',
    reason: 'seed:db/demo: Cannot seed "db": there is no seed "demo"',
  });
  const after = world.graph.inventory(env).instances.find(({ service }) => service === 'db');
  expect(after).toMatchObject({ id: before.id, ports: before.ports });
  expect(after?.pid).not.toBe(before.pid);
  expect(world.driver.living.get(before.id)).toEqual(after);
});
