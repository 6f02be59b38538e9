import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { lineages } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ComparedSide, compareGraphs } from './compare-graphs.ts';
import { effectiveGraph } from './effective-graph.ts';

const side = (...chain: readonly Revision[]): ComparedSide => ({
  revision: chain.at(-1) as Revision,
  effective: effectiveGraph(chain),
});
const shop = aRevision('shop', {
  services: [aService('web', { dependsOn: ['pay'] }), aService('pay'), aService('db')],
});

test('compareGraphs() finds no difference between a lineage and itself', () => {
  fc.assert(
    fc.property(lineages(), (chain) => {
      const { environment, services, unchanged } = compareGraphs(side(...chain), side(...chain));
      expect([environment, services]).toEqual([[], []]);
      expect(unchanged).toBe(side(...chain).effective.services.length);
    }),
    { numRuns: 500 },
  );
});

test('compareGraphs() one way is the opposite of the other way', () => {
  const opposite: Record<string, string> = {
    added: 'removed',
    removed: 'added',
    changed: 'changed',
    renamed: 'renamed',
  };
  fc.assert(
    fc.property(lineages(), lineages(), (one, other) => {
      const there = compareGraphs(side(...one), side(...other));
      const back = compareGraphs(side(...other), side(...one));
      const words = back.services.map(({ service, change }) => [service, opposite[change]]);
      expect(there.services.map(({ service, change }) => [service, change])).toEqual(words);
      expect(there.unchanged).toBe(back.unchanged);
    }),
    { numRuns: 500 },
  );
});

test('compareGraphs() says added, removed and changed with owners, fields and their classes', () => {
  const team = aRevision('team', {
    parent: 'shop',
    removes: ['db'],
    services: [aService('pay', { env: { FEE: '2' } }), aService('mail')],
  });
  expect(compareGraphs(side(shop), side(shop, team)).services).toMatchObject([
    { service: 'db', change: 'removed', owners: { before: 'shop', after: null } },
    { service: 'mail', change: 'added', owners: { before: null, after: 'team' } },
    {
      service: 'pay',
      change: 'changed',
      owners: { before: 'shop', after: 'team' },
      changes: [{ pointer: '/env/FEE', class: 'behaviour', before: null, after: '2' }],
    },
  ]);
});

test('compareGraphs() pairs a renamed service with itself by its identity', () => {
  const identity = shop.services.flatMap((one) => (one.kind === 'run' && one.name === 'pay' ? [one.identity] : []))[0];
  const renamed: Revision = {
    ...shop,
    services: shop.services.map((one) =>
      one.kind === 'run' && one.name === 'pay'
        ? { ...one, name: 'paying', identity: identity ?? '', spec: { ...one.spec, name: 'paying' } }
        : one,
    ),
  };
  expect(compareGraphs(side(shop), side(renamed)).services).toMatchObject([
    { service: 'paying', change: 'renamed', formerName: 'pay', identity },
  ]);
});

test('compareGraphs() says what differs between the environments themselves, and not that they have two names', () => {
  const other = { ...shop, env: 'other', routing: { ...shop.routing, value: 'other' }, labels: { 'a/b': '1' } };
  expect(compareGraphs(side(shop), side(other)).environment).toEqual([
    { pointer: '/labels/a~1b', before: null, after: '1' },
  ]);
  const valued = { ...shop, routing: { ...shop.routing, value: 'blue', unknown: 'deny' as const } };
  expect(compareGraphs(side(shop), side(valued)).environment.map(({ pointer }) => pointer)).toEqual([
    '/routing/unknown',
    '/routing/value',
  ]);
});
