import { expect, test } from 'vitest';
import { draftPlan, type PlanInput } from './plan.ts';
import { type Provision, provisionalInput } from './provisional-plan.ts';
import { derived } from './testing/lineage.ts';
import { overlay, shop } from './testing/shop.ts';

function placementsOf(input: PlanInput, provision?: Provision) {
  const decision = draftPlan(provision === undefined ? input : provisionalInput(input, provision));
  if (decision.kind === 'refused') throw new Error(decision.findings[0]?.reason);
  return decision.plan.placements.map(({ service, kind, provider }) => [service, kind, provider?.env]);
}

test('provisionalInput() plans an overlay as if it declared the predicted services with changes', () => {
  const really = derived([
    overlay('feat', { payments: { args: ['-v'] }, cart: { args: ['-v'], dependsOn: ['store'] } }),
    shop,
  ]);
  const predicted = { predicted: ['payments', 'cart'], overlay: 'feat' };
  expect(placementsOf(derived([shop]), predicted)).toEqual(placementsOf(really));
});

test('provisionalInput() plans an overlay on an overlay', () => {
  const team = overlay('team', { checkout: { args: ['-v'], dependsOn: ['payments', 'shipping', 'cart'] } });
  const feat = overlay('feat', { payments: { args: ['-v'] } }, 'team');
  const predicted = { predicted: ['payments'], overlay: 'feat' };
  expect(placementsOf(derived([team, shop]), predicted)).toEqual(placementsOf(derived([feat, team, shop])));
});

test('provisionalInput() plans further changes of an environment itself', () => {
  const feat = derived([overlay('feat', { payments: { args: ['-v'] } }), shop]);
  const both = derived([overlay('feat', { payments: { args: ['-v'] }, shipping: { args: ['-v'] } }), shop]);
  expect(placementsOf(feat, { predicted: ['shipping'], overlay: null })).toEqual(placementsOf(both));
  expect(placementsOf(feat, { predicted: [], overlay: null })).toEqual(placementsOf(feat));
});
