import { sealArtifact } from '@microstax/model/artifact';
import type { AppliedData } from '@microstax/model/data-step';
import { defaultPrices, type Facts } from '@microstax/model/facts';
import type { Plan } from '@microstax/model/plan';
import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { draftPlan } from './plan.ts';
import { derived } from './testing/lineage.ts';

const services = [
  aService('web', { expose: true, dependsOn: ['api'] }),
  aService('api', { dependsOn: ['db'] }),
  aService('db', { stateful: true }),
];
const snapshot: NonNullable<Revision['snapshot']> = {
  from: { env: 'prod', name: 'nightly' },
  sanitise: { 'users.name': 'fake', 'users.email': 'mask' },
};
const words = { snapshot, seeds: [{ name: 'currencies', version: '3' }, { name: 'demo' }] };
const nightly = 'prod/nightly sanitised users.email:mask users.name:fake';

function planOf(revisions: readonly Revision[], applied: readonly AppliedData[] = []): Plan {
  const facts: Facts = { prices: defaultPrices, siblings: [], expectedHours: 8, applied };
  const input = { ...derived(revisions, { facts }), revision: sealArtifact('revision', revisions[0] as Revision) };
  const decision = draftPlan(input);
  if (decision.kind !== 'drafted') throw new Error(`Nothing is planned: ${decision.findings[0]?.reason}`);
  return decision.plan;
}

const shop = (more: Pick<Partial<Revision>, 'snapshot' | 'seeds'> = words) => aRevision('shop', { services, ...more });
const dataOf = ({ jobs }: Plan) => jobs.filter(({ kind }) => kind === 'restore' || kind === 'seed');
const omittedOf = ({ omittedJobs }: Plan) =>
  Object.fromEntries(
    omittedJobs.filter(({ kind }) => kind === 'restore' || kind === 'seed').map(({ id, reason }) => [id, reason]),
  );

test('data is restored before it is seeded, seeded in the order of the Blueprint, and there before it is used', () => {
  const plan = planOf([shop()]);
  expect(dataOf(plan)).toEqual([
    {
      id: 'restore:db',
      kind: 'restore',
      service: 'db',
      reference: nightly,
      after: ['readiness:db'],
      reason: `first activation: ${nightly} is restored into db`,
    },
    {
      id: 'seed:db/currencies',
      kind: 'seed',
      service: 'db',
      reference: 'currencies@3',
      after: ['restore:db'],
      reason: 'first activation: currencies@3 is run against db',
    },
    {
      id: 'seed:db/demo',
      kind: 'seed',
      service: 'db',
      reference: 'demo',
      after: ['seed:db/currencies'],
      reason: 'first activation: demo is run against db',
    },
  ]);
  expect(plan.jobs.find(({ id }) => id === 'workload:api')?.after).toEqual(['scope', 'seed:db/demo']);
  expect(plan.jobs.find(({ id }) => id === 'routes')?.after).toContain('seed:db/demo');
});

test('what was applied already is left out, and names the entry of the journal', () => {
  const applied: AppliedData[] = [
    { service: 'db', step: 'restore', reference: nightly, entry: 17 },
    { service: 'db', step: 'seed', reference: 'currencies@2', entry: 18 },
    { service: 'db', step: 'seed', reference: 'demo', entry: 19 },
  ];
  const plan = planOf([shop()], applied);
  expect(omittedOf(plan)).toEqual({
    'restore:db': `already applied in journal entry 17: ${nightly}`,
    'seed:db/demo': 'already applied in journal entry 19: demo',
  });
  expect(dataOf(plan)).toMatchObject([
    {
      id: 'seed:db/currencies',
      after: ['readiness:db'],
      reason: 'reference changed: currencies@2 before, currencies@3 now',
    },
  ]);
});

test('another snapshot is restored anew, and what was seeded into the old data is seeded again', () => {
  const applied: AppliedData[] = [
    { service: 'db', step: 'restore', reference: 'prod/weekly', entry: 17 },
    { service: 'db', step: 'seed', reference: 'demo', entry: 19 },
  ];
  expect(dataOf(planOf([shop({ snapshot, seeds: [{ name: 'demo' }] })], applied)).map(({ reason }) => reason)).toEqual([
    `reference changed: prod/weekly before, ${nightly} now`,
    'restored anew: what demo brought is gone',
  ]);
});

test('data that is meant for others, or that a remote service has, is left out with the reason', () => {
  const other = planOf([
    shop({ snapshot: { ...snapshot, services: ['files'] }, seeds: [{ name: 'demo', services: ['files'] }] }),
  ]);
  expect(omittedOf(other)).toEqual({
    'restore:db': 'the snapshot is declared for other services',
    'seed:db': 'the seeds are declared for other services',
  });
  const feat = aRevision('feat', { parent: 'shop', services: [aService('web', { args: ['-v'] })], ...words });
  expect(omittedOf(planOf([feat, shop({})]))).toEqual({
    'restore:db': 'service is remote: shop provides it, with data of its own',
    'seed:db/currencies': 'service is remote: shop provides it, with data of its own',
    'seed:db/demo': 'service is remote: shop provides it, with data of its own',
  });
});
