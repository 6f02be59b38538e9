import type { Cost, CostTerm } from '@microstax/model/plan';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { priceOf, unitOf } from './cost.ts';
import { draftPlan, type PlanInput } from './plan.ts';
import { derived } from './testing/lineage.ts';
import { overlay, shop } from './testing/shop.ts';

const gibibyte = 1024 ** 3;
const prices = {
  cpuCoreHourMicros: 40_000,
  memoryGiBHourMicros: 4_500,
  storageGiBHourMicros: 140,
  instanceHourMicros: 500,
  bridgeHourMicros: 20,
  source: 'test',
};
const facts = { prices, siblings: [], expectedHours: 40 };

function costOf(input: PlanInput): Cost {
  const decision = draftPlan(input);
  if (decision.kind !== 'drafted') throw new Error('Nothing is planned');
  return decision.plan.cost;
}

/** As a reader of `-o json` does it: from the terms and the formula alone. */
function recomputed(terms: readonly CostTerm[]): number {
  const unit = { cpu: 1_000, memory: gibibyte, storage: gibibyte, instance: 1, bridge: 1 };
  return terms.reduce((sum, term) => {
    const exact = (term.quantity * term.priceMicros) / unit[term.term];
    expect(term.microsPerHour).toBe(Math.floor(exact + 0.5));
    return sum + term.microsPerHour;
  }, 0);
}

describe('costOf()', () => {
  const payments = { payments: { env: { FEE: '5' }, dependsOn: ['pricing'] } };

  test('prices what runs here and a bridge for each remote service that it depends on', () => {
    given(derived([overlay('feat', payments), shop], { facts }))
      .when((input) => costOf(input).terms)
      .then([
        { service: 'payments', term: 'cpu', quantity: 100, priceMicros: 40_000, microsPerHour: 4_000 },
        { service: 'payments', term: 'memory', quantity: 134_217_728, priceMicros: 4_500, microsPerHour: 563 },
        { service: 'payments', term: 'instance', quantity: 1, priceMicros: 500, microsPerHour: 500 },
        { service: 'pricing', term: 'bridge', quantity: 1, priceMicros: 20, microsPerHour: 20 },
      ]);
  });

  test('can be recomputed from its terms, for the plan and for the full copy', () => {
    given(derived([overlay('feat', payments), shop], { facts }))
      .when(costOf)
      .thenCheck((cost) => {
        expect(recomputed(cost.terms)).toBe(cost.microsPerHour);
        expect(recomputed(cost.fullCopyTerms)).toBe(cost.fullCopyMicrosPerHour);
        expect(cost.savedMicrosPerHour).toBe(cost.fullCopyMicrosPerHour - cost.microsPerHour);
        expect(cost.fullCopyMicrosPerHour).toBe(7 * (4_000 + 563 + 500) + (10_000 + 1_125 + 140 + 500));
        expect(cost.expectedHours).toBe(40);
      });
  });

  test('says for each candidate what the cost of the plan says for the chosen one', () => {
    const scaled = overlay('feat', { payments: { args: ['-v'], replicas: 3, dependsOn: ['pricing'] } });
    given(derived([scaled, shop], { facts }))
      .when(draftPlan)
      .thenCheck((decision) => {
        if (decision.kind !== 'drafted') throw new Error('Nothing is planned');
        const { candidates, cost } = decision.plan;
        expect(candidates.find(({ chosen }) => chosen)?.microsPerHour).toBe(cost.microsPerHour);
        expect(cost.terms.find(({ term }) => term === 'cpu')?.quantity).toBe(300);
      });
  });

  test('states each unit of its formula', () => {
    given(derived([shop]))
      .when((input) => costOf(input).formula)
      .thenCheck((formula) => {
        for (const part of ['quantity * priceMicros / unit', '1000 millicores', `${gibibyte} bytes`, 'half up once'])
          expect(formula).toContain(part);
      });
  });

  test('costs what a full copy costs where everything runs here', () => {
    given(derived([shop]))
      .when((input) => costOf(input).savedMicrosPerHour)
      .then(0);
  });

  test('keeps the storage of what sleeps, and nothing else', () => {
    given(derived([shop], { wanted: 'asleep', facts }))
      .when((input) => costOf(input).terms)
      .then([{ service: 'store', term: 'storage', quantity: gibibyte, priceMicros: 140, microsPerHour: 140 }]);
  });

  test('costs nothing where stopped is wanted', () => {
    given(derived([shop], { wanted: 'stopped' }))
      .when((input) => costOf(input).microsPerHour)
      .then(0);
  });

  test('rounds half up, once for each term, on quantities that no number holds exactly', () => {
    expect(priceOf(1, 500, 1_000)).toBe(1);
    expect(priceOf(1, 499, 1_000)).toBe(0);
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 46 }), fc.nat({ max: 10 ** 7 }), (quantity, price) => {
        const unit = BigInt(unitOf.memory);
        const rest = BigInt(quantity) * BigInt(price) - BigInt(priceOf(quantity, price, unitOf.memory)) * unit;
        expect(2n * rest < unit && -2n * rest <= unit).toBe(true);
      }),
    );
  });

  test('charges a service that is removed to nobody', () => {
    const gone = aRevision('feat', { parent: 'shop', removes: ['store'], services: [aService('extra')] });
    given(derived([gone, shop]))
      .when((input) => new Set(costOf(input).fullCopyTerms.map(({ service }) => service)))
      .thenCheck((services) => {
        expect(services.has('store')).toBe(false);
        expect(services.has('extra')).toBe(true);
      });
  });
});
