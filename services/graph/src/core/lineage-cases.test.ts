import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { type LineageCase, lineageCases } from '@microstax/testkit/lineage-cases';
import { expect, test } from 'vitest';
import { derive } from './derive.ts';
import type { EnvironmentDocument } from './documents.ts';
import { preview } from './preview.ts';
import { aRequest, aState, born } from './testing/states.ts';

const wanted = (one: LineageCase): Revision => {
  const { mode, parent, value = 'feat' } = one;
  const revision = aRevision('feat', { mode, routing: { value } });
  return parent === undefined ? revision : { ...revision, parent: { env: parent, link: 'tracking' } };
};

test.each(lineageCases.filter(({ code }) => code !== null))('the commit refuses $title as $code', (one) => {
  const { self = null, parentView = null, valueHolder } = one;
  const own = wanted(one);
  const holder = { env: valueHolder, value: own.routing.value, wanted: 'running' } as EnvironmentDocument;
  const members = valueHolder === undefined ? [] : [holder];
  const state = aState(own, [], { selfView: self, parentView, members });
  const decision = derive(aRequest('feat'), state);
  expect(decision.kind).toBe('refused');
  const codes = decision.kind === 'refused' ? decision.findings.map(({ code }) => code) : [];
  expect(codes).toContain(one.code);
  expect(preview(aRequest('feat'), state)).toMatchObject({ kind: 'refused' });
});

test.each(lineageCases.filter(({ code }) => code === null))('the commit has nothing against $title', (one) => {
  const { self = null, parentView = null } = one;
  const root: Revision = aRevision(must(parentView?.env ?? 'none', 'a name'));
  const own = wanted(one);
  const state = aState(own, [], { selfView: self, parentView });
  const lineage = parentView === null ? [] : [ancestorOf(parentView.env, root)];
  expect(derive(aRequest('feat'), { ...state, lineage }).kind).toBe('revised');
});

function ancestorOf(env: string, revision: Revision) {
  const state = aState(revision);
  const born = derive(aRequest(env), state);
  if (born.kind !== 'revised') throw new Error(`${env} is ${born.kind}`);
  const offer = must(born.environment.head, 'what was derived has a head');
  return { environment: born.environment, link: 'tracking', read: offer, revision, offer, offeredChain: null } as const;
}

const shop = aRevision('shop', { services: [aService('pay'), aService('web')] });
const [pay] = shop.services.flatMap((one) => (one.kind === 'run' ? [one] : []));
const { identity } = must(pay, 'the shop has "pay"');
const renamed = (removes: readonly string[]): Revision => {
  const revision = aRevision('feat', { parent: 'shop', services: [aService('cash')], removes });
  const services = revision.services.map((one) =>
    one.kind === 'run' ? { ...one, identity, formerNames: ['pay'] } : one,
  );
  return { ...revision, services };
};

test('the commit accepts a rename that takes the old name away, and refuses one that goes on inheriting it', () => {
  const lineage = [born(shop)];
  expect(derive(aRequest('feat'), aState(renamed(['pay']), lineage)).kind).toBe('revised');
  expect(derive(aRequest('feat'), aState(renamed([]), lineage))).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'identity-mismatch', subject: 'services.cash', reason: expect.stringContaining('"pay"') }],
  });
  const cause = { kind: 'parent moved', parent: 'shop', parentGeneration: 2 } as const;
  const again = aRequest('feat', 2, { cause, submission: null });
  expect(derive(again, aState(renamed([]), lineage)).kind).toBe('revised');
});

test('the commit takes no identity that the lineage buried for a new service of that name', () => {
  const team = aRevision('team', { parent: 'shop', removes: ['pay'] });
  const lineage = [born(team, [born(shop)]), born(shop)];
  const fresh = aRevision('feat', { parent: 'team', services: [aService('pay')] });
  expect(derive(aRequest('feat'), aState(fresh, lineage))).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'identity-mismatch', subject: 'services.pay' }],
  });
});
