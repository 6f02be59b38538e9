import { defaultPrices } from '@microstax/model/facts';
import type { Job, Plan } from '@microstax/model/plan';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftPlan, type PlanInput } from './plan.ts';
import { derived } from './testing/lineage.ts';
import { overlay, shop } from './testing/shop.ts';

function planOf(input: PlanInput): Plan {
  const decision = draftPlan(input);
  if (decision.kind !== 'drafted') throw new Error(`Nothing is planned: ${decision.findings[0]?.reason}`);
  return decision.plan;
}

function jobOf({ jobs }: Plan, id: string): Job {
  const job = jobs.find((one) => one.id === id);
  if (job === undefined) throw new Error(`There is no job ${id}: ${jobs.map((one) => one.id).join(', ')}`);
  return job;
}

const idsOf = ({ jobs }: Plan): string[] => jobs.map(({ id }) => id);

describe('jobsOf()', () => {
  test('waits for the providers that a local service depends on or that requests enter by, and for no other', () => {
    const feat = overlay('feat', { checkout: { args: ['-v'], dependsOn: ['payments', 'shipping'] } });
    given(derived([feat, shop]))
      .when(planOf)
      .thenCheck((plan) => {
        expect(idsOf(plan)).toEqual([
          'await:shop/payments',
          'await:shop/shipping',
          'await:shop/web',
          'scope',
          'workload:checkout',
          'readiness:checkout',
          'routes',
          'removals',
        ]);
        expect(jobOf(plan, 'await:shop/web')).toMatchObject({
          service: 'web',
          provider: { env: 'shop', service: 'web' },
          reason: 'web is provided by shop: requests enter by it',
        });
        expect(jobOf(plan, 'await:shop/payments').reason).toBe(
          'payments is provided by shop: checkout runs here and requires it',
        );
        expect(plan.omittedJobs).toContainEqual({
          id: 'await:shop/pricing',
          kind: 'await',
          service: 'pricing',
          reason: 'no local service depends on it and no request enters by it',
        });
      });
  });

  test('starts a service once all that it requires is ready, here or elsewhere', () => {
    const feat = overlay('feat', {
      checkout: { args: ['-v'], dependsOn: ['payments', 'shipping'] },
      payments: { args: ['-v'], secrets: [{ name: 'key', envKey: 'KEY', source: 'auto-generated' }] },
    });
    given(derived([feat, shop]))
      .when(planOf)
      .thenCheck((plan) => {
        expect(jobOf(plan, 'workload:checkout').after).toEqual(['await:shop/shipping', 'readiness:payments', 'scope']);
        expect(jobOf(plan, 'workload:payments').after).toEqual(['scope', 'secret:payments']);
        expect(jobOf(plan, 'secret:payments').reason).toBe(
          'payments reads KEY, generated where it runs and kept there',
        );
        expect(jobOf(plan, 'workload:checkout').reason).toBe(
          'checkout runs here and starts after readiness:payments and await:shop/shipping',
        );
      });
  });

  test('does not wait for what is optional', () => {
    given(derived([shop]))
      .when((input) => jobOf(planOf(input), 'workload:catalog').after)
      .then(['scope']);
  });

  test('starts a cycle together, and says so', () => {
    const ring = aRevision('shop', {
      services: [
        aService('a', { expose: true, dependsOn: ['b'] }),
        aService('b', { dependsOn: ['c', 'd'] }),
        aService('c', { dependsOn: ['a'] }),
        aService('d'),
      ],
    });
    given(derived([ring]))
      .when(planOf)
      .thenCheck((plan) => {
        for (const name of ['a', 'b', 'c'])
          expect(jobOf(plan, `workload:${name}`).after).toEqual(['readiness:d', 'scope']);
        expect(jobOf(plan, 'workload:b').reason).toBe(
          'b runs here, starts together with a and c because they require each other, and starts after readiness:d',
        );
      });
  });

  test('moves routes after every readiness and provider, and removes after routes', () => {
    given(derived([overlay('feat', { payments: { args: ['-v'] } }), shop]))
      .when(planOf)
      .thenCheck((plan) => {
        expect(jobOf(plan, 'routes').after).toEqual(['await:shop/web', 'readiness:payments', 'scope']);
        expect(jobOf(plan, 'removals').after).toEqual(['routes']);
      });
  });

  test('says why a step is left out', () => {
    given(derived([overlay('feat', { store: { stateful: true, args: ['-v'] } }), shop]))
      .when((input) => Object.fromEntries(planOf(input).omittedJobs.map(({ id, reason }) => [id, reason])))
      .thenMatches({
        'workload:web': 'service is inherited from shop',
        'secret:store': 'service declares no secrets',
        'restore:store': 'no snapshot is declared',
        'seed:store': 'no seed is declared',
      });
  });

  test.each(['stopped', 'deleted'] as const)('is routes and removals only where %s is wanted', (wanted) => {
    given(derived([overlay('feat', { payments: { args: ['-v'] } }), shop], { wanted }))
      .when(planOf)
      .thenCheck((plan) => {
        expect(idsOf(plan)).toEqual(['routes', 'removals']);
        expect(plan.listeners).toEqual([]);
        expect(plan.specs).toEqual({});
      });
  });

  test('starts nothing while asleep, and goes on listening for the request that wakes', () => {
    given(derived([shop], { wanted: 'asleep' }))
      .when(planOf)
      .thenCheck((plan) => {
        expect(idsOf(plan)).toEqual(['scope', 'routes', 'removals']);
        expect(plan.listeners.map(({ service }) => service)).toContain('web');
        expect(plan.specs).toEqual({});
      });
  });

  test('is an acyclic graph that lists every job after those it waits for, with a start for every local service', {
    timeout: 60_000,
  }, () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const revision = fc
      .array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names), fc.boolean()), { maxLength: 14 })
      .map((edges) =>
        aRevision('shop', {
          services: names.map((name) =>
            aService(name, {
              dependsOn: edges
                .filter(([from, to]) => from === name && to !== name)
                .map(([, service, required]) => ({ service, required })),
            }),
          ),
        }),
      );
    fc.assert(
      fc.property(revision, (base): void => {
        const { jobs, placements } = planOf(derived([base]));
        const position = new Map(jobs.map(({ id }, at) => [id, at]));
        expect(position.size).toBe(jobs.length);
        for (const [at, { after }] of jobs.entries())
          for (const before of after) expect(position.get(before)).toBeLessThan(at);
        for (const { service, runDigest } of placements) {
          expect(jobs[position.get(`workload:${service}`) ?? -1]?.runDigest).toBe(runDigest);
          expect(jobs[position.get(`readiness:${service}`) ?? -1]?.after).toEqual([`workload:${service}`]);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('replicas', () => {
  const facts = { prices: defaultPrices, siblings: [], expectedHours: 8 };
  const runtime = (driver: string) => ({ ...facts, runtime: { driver, realises: [] } });
  const feat = overlay('feat', {
    checkout: { args: ['-v'], dependsOn: ['payments'] },
    payments: { args: ['-v'], replicas: 3 },
  });
  const ofPayments = (plan: Plan) => idsOf(plan).filter((id) => id.includes('payments'));

  test('of a local process have a workload and a readiness each, and who depends on them waits for all', () => {
    given(derived([feat, shop], { facts: runtime('process') }))
      .when(planOf)
      .thenCheck((plan) => {
        expect(ofPayments(plan).toSorted()).toEqual(
          ['payments', 'payments#2', 'payments#3'].flatMap((id) => [`readiness:${id}`, `workload:${id}`]).toSorted(),
        );
        expect(jobOf(plan, 'workload:payments#3')).toMatchObject({ service: 'payments', replica: 3 });
        expect(jobOf(plan, 'workload:checkout').after).toEqual(
          expect.arrayContaining(['readiness:payments', 'readiness:payments#2', 'readiness:payments#3']),
        );
      });
  });

  test('of a cluster are made by its own controller from one object', () => {
    given(derived([feat, shop], { facts: runtime('kubernetes') }))
      .when(planOf)
      .thenCheck((plan) => expect(ofPayments(plan)).toEqual(['workload:payments', 'readiness:payments']));
  });

  test('none are started where none are wanted, and nobody waits for them', () => {
    const none = overlay('feat', {
      checkout: { args: ['-v'], dependsOn: ['payments'] },
      payments: { args: ['-v'], replicas: 0 },
    });
    given(derived([none, shop], { facts: runtime('process') }))
      .when(planOf)
      .thenCheck((plan) => expect(ofPayments(plan)).toEqual([]));
  });
});
