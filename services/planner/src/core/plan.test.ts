import { sealArtifact } from '@microstax/model/artifact';
import { canonicalJson } from '@microstax/model/canonical-json';
import type { Plan } from '@microstax/model/plan';
import type { Revision } from '@microstax/model/revision';
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

const payments2 = overlay('feat-payments', { payments: { env: { FEE: '5' } } });

describe('draftPlan()', () => {
  test('gives the same bytes whatever the order of members and lists in its inputs', () => {
    const input = derived([overlay('feat', { checkout: { args: ['-v'], dependsOn: ['payments'] } }), shop]);
    const bytes = canonicalJson(planOf(input));
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(1_000)), (numbers): void => {
        const shuffled = shuffledMembers(input, () => numbers.next().value ?? 0) as PlanInput;
        expect(canonicalJson(planOf(shuffled))).toBe(bytes);
      }),
      { numRuns: 50 },
    );
  });

  test('gives the same bytes whatever the order of declarations', () => {
    const bytes = canonicalJson(planOf(derived([payments2, shop])));
    fc.assert(
      fc.property(fc.shuffledSubarray([...shop.services], { minLength: 8 }), (services): void => {
        const other: Revision = { ...shop, services };
        expect(canonicalJson(planOf(derived([payments2, other])))).toBe(bytes);
      }),
      { numRuns: 50 },
    );
  });

  test('names its inputs and its engine, and neither generation nor address', () => {
    const input = derived([payments2, shop]);
    given(input)
      .when(planOf)
      .thenCheck((plan) => {
        expect(plan).toMatchObject({
          env: 'feat-payments',
          engine: 'microstax-planner/0.3.0',
          derivation: input.derivation.digest,
          difference: input.difference.digest,
          composition: input.composition.digest,
        });
        expect(canonicalJson(plan)).not.toMatch(/generation|submission|127\.0\.0\.1/);
      });
  });

  test('holds the specs of what runs here, and their price', () => {
    given(derived([payments2, shop]))
      .when(planOf)
      .thenCheck((plan) => {
        expect(Object.keys(plan.specs)).toEqual(['payments']);
        const prices = plan.placements.map(({ service, costMicrosPerHour }) => [service, costMicrosPerHour]);
        expect(prices.filter(([, micros]) => micros !== 0)).toEqual([['payments', plan.cost.microsPerHour]]);
      });
  });

  test('shows the candidates that lost and why', () => {
    given(derived([payments2, shop]))
      .when((input) => planOf(input).candidates)
      .thenCheck((candidates) => {
        expect(
          candidates.map(({ name, chosen, feasible, localServices }) => [name, chosen, feasible, localServices]),
        ).toEqual([
          ['cheapest', false, true, 1],
          ['balanced', true, true, 1],
          ['safest', false, true, 1],
          ['isolated', false, true, 8],
        ]);
        expect(candidates[0]?.reason).toBe('it places every service as balanced does');
        expect(candidates[1]?.reason).toBe(
          'the least price of money, start-up, routing and shared writes that satisfies every requirement: 1 of 8 services here',
        );
        expect(candidates[3]?.reason).toBe(
          'it runs cart, catalog, checkout, pricing, shipping and 2 more here too and its price over the expected hours, weights included, is 338464 micro-dollars higher',
        );
      });
  });

  test('runs everything that a change can reach in the safest candidate', () => {
    const input = derived([payments2, shop]);
    const services = input.difference.value.services.map((one) =>
      one.service === 'checkout' ? { ...one, state: 'impacted' as const, path: ['checkout', 'payments'] } : one,
    );
    const difference = sealArtifact('difference', { ...input.difference.value, services });
    given({ ...input, difference })
      .when((changed) => planOf(changed).candidates.find(({ name }) => name === 'safest'))
      .thenMatches({ chosen: false, localServices: 2, reason: expect.stringContaining('it runs checkout here too') });
  });

  test('takes the cheapest where the budget covers nothing dearer, and says what it costs where it covers nothing', () => {
    const writers = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: ['one', 'two'] }),
        aService('one', { dependsOn: [{ service: 'store', kind: 'writes' }] }),
        aService('two', { dependsOn: [{ service: 'store', kind: 'writes' }] }),
        aService('store', { resources: { cpuMillicores: 5, memoryBytes: 0, storageBytes: 0 } }),
      ],
    });
    const both = ['one', 'two'].map((name) =>
      aService(name, { args: ['-v'], dependsOn: [{ service: 'store', kind: 'writes' }] }),
    );
    const withBudget = (microsPerHour: number) => {
      const feat = aRevision('feat', { parent: 'shop', services: both, budget: { microsPerHour } });
      return { ...derived([feat, writers]), revision: sealArtifact('revision', feat) };
    };
    const chosen = (input: PlanInput) => planOf(input).candidates.find((one) => one.chosen);

    given(withBudget(1_000_000))
      .when(planOf)
      .thenCheck((plan) => {
        expect(plan.placements.find(({ service }) => service === 'store')).toMatchObject({
          kind: 'local',
          reasons: [
            {
              code: 'cheaper-here',
              text: 'store runs here because that is cheaper: it costs 5800 micro-dollars over the expected hours, and inheriting it would cost 160 (bridge) and 6400 (shared write) for one and two',
              because: ['one', 'two'],
            },
          ],
        });
      });
    const { microsPerHour } = planOf(withBudget(1_000_000)).cost;
    given(withBudget(microsPerHour - 1))
      .when(chosen)
      .thenMatches({ name: 'cheapest', feasible: true, localServices: 2 });
    given(withBudget(100))
      .when(chosen)
      .thenMatches({
        name: 'cheapest',
        feasible: false,
        reason: expect.stringMatching(/no candidate is left.*over the budget of 100/),
      });
  });

  test('listens for exposed services and for what a local service depends on', () => {
    const feat = overlay('feat', { checkout: { args: ['-v'], dependsOn: ['payments', 'shipping'] } });
    given(derived([feat, shop]))
      .when((input) => planOf(input).listeners)
      .thenCheck((listeners) => {
        expect(listeners.map(({ service }) => service)).toEqual(['payments', 'shipping', 'web']);
        expect(listeners.every(({ preferredPort }) => preferredPort === null)).toBe(true);
        expect(listeners[0]?.reason).toBe('checkout runs here and depends on payments');
      });
  });

  test('asks for the declared port of what a root exposes, and of nothing else', () => {
    given(derived([shop]))
      .when((input) => planOf(input).listeners.filter(({ preferredPort }) => preferredPort !== null))
      .then([{ service: 'web', port: 'http', protocol: 'http', preferredPort: 8080, reason: 'web is exposed' }]);
  });

  test('names every edge that must carry the context, its carrier and why', () => {
    const feat = overlay('feat', {
      checkout: { args: ['-v'], dependsOn: ['payments', 'shipping'] },
      payments: { args: ['-v'] },
    });
    given(derived([feat, shop]))
      .when((input) => planOf(input).contextEdges)
      .then([
        {
          from: 'checkout',
          to: 'payments',
          protocol: 'http',
          carrier: 'stamped by the listener',
          required: true,
          reason:
            'checkout runs here and leaves through the listener of feat, which stamps: requests of feat to payments are told by it',
        },
        {
          from: 'web',
          to: 'checkout',
          protocol: 'http',
          carrier: 'baggage',
          required: true,
          reason: "shop's web passes it on: requests of feat to checkout are told by it",
        },
      ]);
  });

  test('says what it means that grpc is passed through', () => {
    const hotrod = aRevision('hotrod', {
      services: [
        aService('frontend', { expose: true, dependsOn: ['customer', { service: 'driver', protocol: 'grpc' }] }),
        aService('customer'),
        aService('driver', { ports: [{ name: 'grpc', containerPort: 8082, protocol: 'grpc' }] }),
      ],
    });
    given(derived([overlay('feat', { customer: { args: ['--fast'] } }, 'hotrod'), hotrod]))
      .when(planOf)
      .thenCheck((plan) => {
        expect(plan.placements.map(({ service, kind }) => [service, kind])).toEqual([
          ['customer', 'local'],
          ['driver', 'inherited'],
          ['frontend', 'inherited'],
        ]);
        expect(plan.contextEdges.map(({ from, to }) => [from, to])).toEqual([['frontend', 'customer']]);
        expect(plan.findings).toEqual([
          {
            severity: 'info',
            code: 'pass-through',
            subject: 'driver',
            reason:
              'driver is reached over grpc, which is passed through to one target, the driver of hotrod: the context selects nothing there, and an environment that changes driver runs frontend too',
          },
        ]);
      });
  });

  test('says which target a local caller has over grpc', () => {
    const hotrod = aRevision('hotrod', {
      services: [
        aService('frontend', { expose: true, dependsOn: [{ service: 'driver', protocol: 'grpc' }] }),
        aService('driver', { ports: [{ name: 'grpc', containerPort: 8082, protocol: 'grpc' }] }),
      ],
    });
    const feat = {
      frontend: { args: ['-v'], expose: true, dependsOn: [{ service: 'driver', protocol: 'grpc' }] },
    } as const;
    given(derived([overlay('feat', feat, 'hotrod'), hotrod]))
      .when((input) => planOf(input).contextEdges)
      .then([
        {
          from: 'frontend',
          to: 'driver',
          protocol: 'grpc',
          carrier: 'none',
          required: false,
          reason:
            'grpc is passed through to one target, the driver of hotrod; were driver changed here, frontend would have to run here too',
        },
      ]);
  });

  test('warns of declared changes that stay remote, of shared writes and of required services that are denied', () => {
    const base = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: ['writer', 'hints'] }),
        aService('writer', { dependsOn: [{ service: 'ledger', kind: 'writes' }] }),
        aService('ledger'),
        aService('hints'),
      ],
    });
    const feat = aRevision('feat', {
      parent: 'shop',
      removes: ['hints'],
      services: [
        aService('writer', { args: ['-v'], dependsOn: [{ service: 'ledger', kind: 'writes' }] }),
        aService('ledger', { labels: { team: 'books' } }),
      ],
    });
    given(derived([feat, base]))
      .when((input) => planOf(input).findings.map(({ severity, code, subject }) => [severity, code, subject]))
      .then([
        ['warning', 'declared-but-inherited', 'ledger'],
        ['warning', 'required-but-denied', 'web'],
        ['warning', 'shared-writes', 'writer'],
      ]);
  });

  test('refuses with the requirements that contradict each other', () => {
    given(derived([aRevision('shop', { services: [aService('web', { run: null })] })]))
      .when(draftPlan)
      .thenMatches({ kind: 'refused' });
  });
});

/** The same value with the members of every object in another order. */
function shuffledMembers(value: unknown, number: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffledMembers(item, number));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => ({ key, member, at: number() }));
  members.sort((a, b) => a.at - b.at);
  return Object.fromEntries(members.map(({ key, member }) => [key, shuffledMembers(member, number)]));
}
