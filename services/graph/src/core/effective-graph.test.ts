import type { EffectiveGraph } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import { specDigest } from '@microstax/model/service-spec';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { disordered, lineages } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveChain, effectiveGraph } from './effective-graph.ts';
import { movesOwnership, specChanges } from './spec-changes.ts';

const shop = aRevision('shop', { services: [aService('web', { dependsOn: ['pay'] }), aService('pay')] });
const team = (...services: ReturnType<typeof aService>[]) => aRevision('team', { parent: 'shop', services });
const feature = (...services: ReturnType<typeof aService>[]) => aRevision('feature', { parent: 'team', services });

const owners = (graph: EffectiveGraph) => Object.fromEntries(graph.services.map(({ name, owner }) => [name, owner]));
const specOf = (graph: EffectiveGraph, name: string) => graph.services.find((service) => service.name === name)?.spec;

describe('effectiveGraph()', () => {
  test('a root owns all it declares, sorted by name', () => {
    given([shop])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph)).toEqual({ pay: 'shop', web: 'shop' });
        expect(graph).toMatchObject({ env: 'shop', mode: 'baseline' });
        expect(graph).not.toHaveProperty('link');
        expect(graph.services.map(({ name }) => name)).toEqual(['pay', 'web']);
      });
  });

  test('an overlay inherits what it does not declare, and says how it is linked', () => {
    given([shop, aRevision('team', { parent: { env: 'shop', link: 'pinned' } })])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph)).toEqual({ pay: 'shop', web: 'shop' });
        expect(graph).toMatchObject({ env: 'team', mode: 'overlay', link: 'pinned' });
      });
  });

  test.each([
    ['behaviour', aService('pay', { env: { FEE_PERCENT: '3' } })],
    ['contract', aService('pay', { ports: [] })],
    ['data', aService('pay', { stateful: true })],
  ])('a change of %s moves ownership', (_, pay) => {
    given([shop, team(pay)])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph)).toEqual({ pay: 'team', web: 'shop' });
        expect(specOf(graph, 'pay')).toEqual(pay);
      });
  });

  test.each([
    ['capacity', aService('pay', { resources: { cpuMillicores: 7, memoryBytes: 7, storageBytes: 7 } })],
    ['policy', aService('pay', { sharing: 'deny' })],
    ['metadata', aService('pay', { description: 'pays' })],
    ['nothing', aService('pay')],
  ])('a change of %s keeps the owner and takes the nearest spec', (_, pay) => {
    given([shop, team(pay)])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph)).toEqual({ pay: 'shop', web: 'shop' });
        expect(specOf(graph, 'pay')).toEqual(pay);
      });
  });

  test('ownership is judged against the parent, not against the root', () => {
    const raised = aService('pay', { env: { FEE_PERCENT: '3' } });

    given([shop, team(raised), feature(raised)])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph).pay).toBe('team');
      });
    given([shop, team(raised), feature(aService('pay'))])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph).pay).toBe('feature');
      });
  });

  test('what a level takes away stays away until a deeper one adds it, as its own', () => {
    const without = aRevision('team', { parent: 'shop', removes: ['pay', 'stranger'] });

    given([shop, without, feature()])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph)).toEqual({ web: 'shop' });
      });
    given([shop, without, feature(aService('pay'))])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(owners(graph)).toEqual({ pay: 'feature', web: 'shop' });
      });
  });

  test('an identity is carried from the nearest declaration', () => {
    const renamed = aRevision('shop', { services: [aService('payments')], formerNames: { payments: ['pay'] } });
    const identity = shop.services.find((declaration) => declaration.name === 'pay');

    given([renamed, team()])
      .when(effectiveGraph)
      .thenCheck((graph) => {
        expect(graph.services).toMatchObject([
          { name: 'payments', identity: identity?.kind === 'run' && identity.identity },
        ]);
      });
  });

  test('no lineage at all is a defect', () => {
    given([] as Revision[])
      .when(effectiveGraph)
      .thenThrows('a lineage has at least the environment itself');
  });

  test('agrees with a look-up of every name through all levels', () => {
    fc.assert(
      fc.property(lineages(), (lineage) => {
        const graph = effectiveGraph(lineage);
        expect(new Map(graph.services.map(({ name, owner, spec }) => [name, { owner, spec }]))).toEqual(
          lookedUp(lineage),
        );
        for (const service of graph.services) expect(service.specDigest).toBe(specDigest(service.spec));
      }),
      { numRuns: 300 },
    );
  });

  test('does not depend on the order of declarations', () => {
    fc.assert(
      fc.property(lineages(), fc.nat(), (lineage, seed) => {
        const shuffled = lineage.map((revision) => disordered(revision, seed));
        expect(effectiveGraph(shuffled)).toEqual(effectiveGraph(lineage));
      }),
      { numRuns: 200 },
    );
  });
});

describe('effectiveChain()', () => {
  test('has one graph a level, and every prefix has the graphs of the whole', () => {
    fc.assert(
      fc.property(lineages(), (lineage) => {
        const chain = effectiveChain(lineage);
        expect(chain.map((graph) => graph.env)).toEqual(lineage.map((revision) => revision.env));
        lineage.forEach((_, depth) => {
          expect(effectiveChain(lineage.slice(0, depth + 1))).toEqual(chain.slice(0, depth + 1));
          expect(effectiveGraph(lineage.slice(0, depth + 1))).toEqual(chain[depth]);
        });
      }),
      { numRuns: 200 },
    );
  });

  test('a level that declares nothing passes on its parent as it is', () => {
    fc.assert(
      fc.property(lineages(3), (lineage) => {
        const parent = effectiveGraph(lineage);
        const child = effectiveGraph([...lineage, aRevision('child', { parent: parent.env })]);
        expect(child.services).toEqual(parent.services);
      }),
      { numRuns: 100 },
    );
  });
});

/** The oracle: for each name alone, walk down the levels. */
function lookedUp(lineage: readonly Revision[]) {
  const names = new Set(lineage.flatMap((revision) => revision.services.map(({ name }) => name)));
  const found = new Map<string, Pick<EffectiveGraph['services'][number], 'owner' | 'spec'>>();
  for (const name of names) {
    for (const { env, services } of lineage) {
      const declaration = services.find((each) => each.name === name);
      const before = found.get(name);
      if (declaration?.kind === 'remove') found.delete(name);
      if (declaration?.kind !== 'run') continue;
      const kept = before !== undefined && !movesOwnership(specChanges(before.spec, declaration.spec));
      found.set(name, { owner: kept ? before.owner : env, spec: declaration.spec });
    }
  }
  return found;
}
