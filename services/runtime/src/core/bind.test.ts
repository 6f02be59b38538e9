import { given } from '@microstax/testkit/given';
import { describe, expect, test } from 'vitest';
import { bind } from './bind.ts';
import { instanceId, surplusInstances, wantedInstances, workloadJobs } from './instances.ts';
import { anInstance, anInventory, aPlan, aSpec } from './testing/plans.ts';

const web = aSpec('web');
const changed = aSpec('web', { env: { VERSION: '2' } });
const plan = aPlan('shop', [web]);

describe('bind()', () => {
  test('creates what is not there, and has nothing to remove', () => {
    given(anInventory())
      .when((inventory) => bind(plan, inventory))
      .then({
        actions: {
          scope: 'create',
          'workload:web': 'create',
          'readiness:web': 'create',
          routes: 'create',
          removals: 'keep',
        },
        removals: [],
      });
  });

  test('keeps an instance whose run digest is there already', () => {
    given(anInventory([anInstance(web)]))
      .when((inventory) => bind(plan, inventory))
      .thenCheck(({ actions, removals }) => {
        expect(actions['workload:web']).toBe('keep');
        expect(actions['readiness:web']).toBe('keep');
        expect(removals).toEqual([]);
      });
  });

  test('replaces a changed service and removes the old instance afterwards', () => {
    given(anInventory([anInstance(web, { id: 'web-old-1' })]))
      .when((inventory) => bind(aPlan('shop', [changed]), inventory))
      .thenCheck(({ actions, removals }) => {
        expect(actions['workload:web']).toBe('replace');
        expect(actions.removals).toBe('remove');
        expect(removals).toEqual(['web-old-1']);
      });
  });

  test('removes a service that the plan has no more', () => {
    given(anInventory([anInstance(web)]))
      .when((inventory) => bind(aPlan('shop', []), inventory).removals)
      .then(['web-x-1']);
  });

  test('always acts on the removals of a deleted environment: listeners and data go too', () => {
    given(anInventory())
      .when((inventory) => bind(aPlan('shop', [], { wanted: 'deleted' }), inventory).actions.removals)
      .then('remove');
  });

  test('keeps the scope when every listener is there', () => {
    const listeners = [{ service: 'web', port: 'http', host: '127.0.0.1', listenPort: 1 }];
    given({ instances: [], listeners })
      .when((inventory) => bind(plan, inventory).actions.scope)
      .then('keep');
  });
});

describe('instances', () => {
  test('of two equal ones the newer stays and the older is surplus', () => {
    const inventory = anInventory([
      anInstance(web, { id: 'web-a-1', epoch: 1 }),
      anInstance(web, { id: 'web-a-2', epoch: 2 }),
    ]);
    expect(wantedInstances(plan, inventory).get('workload:web')?.id).toBe('web-a-2');
    expect(surplusInstances(plan, inventory).map(({ id }) => id)).toEqual(['web-a-1']);
  });

  test('have a name made of service, run digest and generation', () => {
    const [job] = workloadJobs(plan);
    expect(job && instanceId(job, 7)).toMatch(/^web-[0-9a-f]{12}-7$/);
  });
});

describe('replicas', () => {
  const [first] = workloadJobs(plan);
  const places = [undefined, 2, 3] as const;
  const three: typeof plan = {
    ...plan,
    jobs: plan.jobs.flatMap((job) =>
      job.service !== 'web' || (job.kind !== 'workload' && job.kind !== 'readiness')
        ? [job]
        : places.map((replica) =>
            replica === undefined
              ? job
              : {
                  ...job,
                  id: `${job.id}#${replica}`,
                  replica,
                  after: job.after.map((id) => (id === first?.id ? `${id}#${replica}` : id)),
                },
          ),
    ),
  };
  const all = workloadJobs(three).map((job) => anInstance(web, { id: instanceId(job, 1) }));

  test('are told apart by the names of their instances', () => {
    expect(all.map(({ id }) => id.replace(/^web-[0-9a-f]{12}/, ''))).toEqual(['-1', '-1-r2', '-1-r3']);
    expect(surplusInstances(three, anInventory(all))).toEqual([]);
    expect([...wantedInstances(three, anInventory(all)).keys()]).toEqual([
      'workload:web',
      'workload:web#2',
      'workload:web#3',
    ]);
  });

  test('that live are kept where one is lost, and only that one is made again', () => {
    const [one, , other] = all;
    const left = anInventory([one, other].filter((instance) => instance !== undefined));
    const { actions } = bind(three, left);
    expect(['workload:web', 'workload:web#2', 'workload:web#3'].map((id) => actions[id])).toEqual([
      'keep',
      'create',
      'keep',
    ]);
  });

  test('that are too many are removed after routes, the last ones', () => {
    expect(bind(plan, anInventory(all)).removals).toEqual(all.slice(1).map(({ id }) => id));
  });
});
