import type { ServiceDifference } from '@microstax/model/difference';
import { type Digest, digestOf } from '@microstax/model/digest';
import type { EffectiveGraph } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import { aRevision, aService, type DependencyDraft } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { disordered, lineages } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differenceOf, shownPathLengthMax } from './difference.ts';
import { effectiveChain } from './effective-graph.ts';

const derivation: Digest = digestOf('derivation', 'test');

function difference(lineage: readonly Revision[]): ServiceDifference[] {
  const chain = effectiveChain(lineage);
  const own = lineage.at(-1) as Revision;
  const target = chain.at(-1) as EffectiveGraph;
  return [...differenceOf({ env: own.env, parent: chain.at(-2) ?? null, target, own, derivation }).services];
}
const states = (services: readonly ServiceDifference[]) =>
  Object.fromEntries(services.map((each) => [each.service, each.state]));
const of = (services: readonly ServiceDifference[], name: string) => services.find(({ service }) => service === name);
const uses = (name: string, ...dependsOn: DependencyDraft[]) => aService(name, { dependsOn });

/** web → cart → pay → bank, and web → ads, which depends on nothing. */
const shop = aRevision('shop', {
  services: [uses('web', 'cart', 'ads'), uses('cart', 'pay'), uses('pay', 'bank'), uses('bank'), uses('ads')],
});
const overlay = (draft: Parameters<typeof aRevision>[1]) => [shop, aRevision('team', { parent: 'shop', ...draft })];
const faster = aService('pay', { dependsOn: ['bank'], env: { FEE_PERCENT: '3' } });

describe('differenceOf()', () => {
  test('says what a renamed service was called', () => {
    given(overlay({ services: [uses('cash', 'bank')], removes: ['pay'], formerNames: { cash: ['pay'] } }))
      .when(difference)
      .thenCheck((services) => {
        expect(of(services, 'cash')).toMatchObject({
          state: 'added',
          formerName: 'pay',
          reason: 'renamed here, "shop" calls it "pay"',
        });
        expect(of(services, 'pay')).toMatchObject({ state: 'removed' });
      });
  });

  test('calls every service of a root added', () => {
    given([shop])
      .when(difference)
      .thenCheck((services) => {
        expect(services.map(({ state }) => state)).toEqual(Array(5).fill('added'));
        expect(services.map(({ service }) => service)).toEqual(['ads', 'bank', 'cart', 'pay', 'web']);
        expect(services.every(({ declared }) => declared)).toBe(true);
      });
  });

  test('names its environment, its parent and its derivation', () => {
    const [parent, target] = effectiveChain(overlay({})) as [EffectiveGraph, EffectiveGraph];
    const input = { env: 'team', target, own: aRevision('team', { parent: 'shop' }), derivation };

    expect(differenceOf({ ...input, parent })).toMatchObject({ env: 'team', parent: 'shop', derivation });
    expect(differenceOf({ ...input, parent: null })).toMatchObject({ parent: null });
  });

  test('lists the fields of a changed service, and who is impacted by which way', () => {
    given(overlay({ services: [faster] }))
      .when(difference)
      .thenCheck((services) => {
        expect(states(services)).toEqual({
          ads: 'unchanged',
          bank: 'unchanged',
          cart: 'impacted',
          pay: 'changed',
          web: 'impacted',
        });
        expect(of(services, 'pay')).toMatchObject({
          declared: true,
          changes: [{ pointer: '/env/FEE_PERCENT', class: 'behaviour', before: null, after: '3' }],
          reason: 'differs from "shop" in /env/FEE_PERCENT (behaviour)',
        });
        expect(of(services, 'cart')).toMatchObject({
          path: ['cart', 'pay'],
          reason: 'depends on "pay", which is changed',
          changes: [],
        });
        expect(of(services, 'web')).toMatchObject({
          path: ['web', 'cart', 'pay'],
          reason: 'depends on "pay", which is changed, through "cart"',
          declared: false,
        });
      });
  });

  test('says of a declared service without a change that it is identical', () => {
    given(overlay({ services: [uses('ads'), faster] }))
      .when(difference)
      .thenCheck((services) => {
        expect(of(services, 'ads')).toMatchObject({
          state: 'unchanged',
          declared: true,
          changes: [],
          reason: 'declared here, but identical to that of "shop"',
        });
        expect(of(services, 'bank')).toMatchObject({ declared: false, reason: 'as in "shop", not declared here' });
      });
  });

  test('says of a declared and identical service that it is impacted all the same', () => {
    given(overlay({ services: [uses('cart', 'pay'), faster] }))
      .when(difference)
      .thenCheck((services) => {
        expect(of(services, 'cart')).toMatchObject({
          state: 'impacted',
          declared: true,
          reason: 'declared here, but identical to that of "shop"; depends on "pay", which is changed',
        });
      });
  });

  test('impacts the callers of what is taken away', () => {
    given(overlay({ removes: ['bank'] }))
      .when(difference)
      .thenCheck((services) => {
        expect(states(services)).toEqual({
          ads: 'unchanged',
          bank: 'removed',
          cart: 'impacted',
          pay: 'impacted',
          web: 'impacted',
        });
        expect(of(services, 'bank')).toMatchObject({ declared: true, reason: 'removed here, "shop" has it' });
        expect(of(services, 'web')).toMatchObject({
          path: ['web', 'cart', 'pay', 'bank'],
          reason: 'depends on "bank", which is removed, through "cart" and 1 more',
        });
      });
  });

  test('impacts nobody by an addition that nobody depends on', () => {
    given(overlay({ services: [uses('new', 'web')] }))
      .when(difference)
      .thenCheck((services) => {
        expect(states(services)).toEqual({
          ads: 'unchanged',
          bank: 'unchanged',
          cart: 'unchanged',
          new: 'added',
          pay: 'unchanged',
          web: 'unchanged',
        });
        expect(of(services, 'new')).toMatchObject({ reason: 'declared here, "shop" has none' });
      });
  });

  test('follows optional edges, and reads as well as calls', () => {
    const base = aRevision('shop', {
      services: [
        uses('web', { service: 'db', kind: 'reads', protocol: 'tcp' }),
        uses('ads', { service: 'db', required: false }),
        uses('db'),
      ],
    });
    const child = aRevision('team', { parent: 'shop', services: [aService('db', { args: ['-v'] })] });

    given([base, child])
      .when(difference)
      .thenCheck((services) => {
        expect(states(services)).toEqual({ ads: 'impacted', db: 'changed', web: 'impacted' });
      });
  });

  test('takes the first by name of equally short ways', () => {
    const base = aRevision('shop', {
      services: [uses('top', 'right', 'left'), uses('left', 'low'), uses('right', 'low'), uses('low')],
    });
    const child = aRevision('team', { parent: 'shop', services: [aService('low', { args: ['-v'] })] });

    given([base, child])
      .when(difference)
      .thenCheck((services) => {
        expect(of(services, 'top')?.path).toEqual(['top', 'left', 'low']);
      });
  });

  test('shortens the path of a very long chain to its start and its cause', () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `s${String(index).padStart(4, '0')}`);
    const base = aRevision('shop', {
      services: names.map((name, index) => uses(name, ...names.slice(index + 1, index + 2))),
    });
    const child = aRevision('team', { parent: 'shop', services: [aService('s2999', { args: ['-v'] })] });

    given([base, child])
      .when(difference)
      .thenCheck((services) => {
        const first = of(services, 's0000');
        expect(first?.path).toHaveLength(shownPathLengthMax);
        expect([first?.path?.[0], first?.path?.[1], first?.path?.at(-1)]).toEqual(['s0000', 's0001', 's2999']);
        expect(first?.reason).toBe('depends on "s2999", which is changed, through "s0001" and 2997 more');
      });
  });

  test('of equal graphs has only unchanged services', () => {
    fc.assert(
      fc.property(lineages(3), (lineage) => {
        const child = aRevision('child', { parent: (lineage.at(-1) as Revision).env });
        expect(difference([...lineage, child]).filter(({ state }) => state !== 'unchanged')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('agrees with a comparison by hand and with all paths relaxed until nothing gets shorter', () => {
    fc.assert(
      fc.property(lineages(3), (lineage) => {
        const chain = effectiveChain(lineage);
        const services = difference(lineage);
        const expected = compared(chain.at(-2), chain.at(-1) as EffectiveGraph);
        expect(Object.fromEntries(services.map(({ service, state, path }) => [service, { state, path }]))).toEqual(
          expected,
        );
      }),
      { numRuns: 400 },
    );
  });

  test('does not depend on the order of declarations', () => {
    fc.assert(
      fc.property(lineages(3), fc.nat(), (lineage, seed) => {
        expect(difference(lineage.map((revision) => disordered(revision, seed)))).toEqual(difference(lineage));
      }),
      { numRuns: 200 },
    );
  });
});

type Expected = Pick<ServiceDifference, 'state'> & { path: readonly string[] | undefined };

/** The oracle: states by digest, ways by trying every edge until no way gets shorter or earlier by name. */
function compared(parent: EffectiveGraph | undefined, target: EffectiveGraph): Record<string, Expected> {
  const before = new Map(parent?.services.map(({ name, specDigest }) => [name, specDigest]));
  const after = new Map(target.services.map(({ name, specDigest }) => [name, specDigest]));
  const state = (name: string) => {
    if (!before.has(name)) return 'added';
    if (!after.has(name)) return 'removed';
    return before.get(name) === after.get(name) ? 'unchanged' : 'changed';
  };
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const ways = new Map(names.filter((name) => state(name) !== 'unchanged').map((name) => [name, [name]]));
  for (let moved = true; moved; ) {
    moved = false;
    for (const { name, spec } of target.services) {
      for (const { service } of spec.dependsOn) {
        const way = ways.get(service);
        const known = ways.get(name);
        if (way === undefined || known?.length === 1) continue;
        const longer = [name, ...way];
        if (known !== undefined && !isBetter(longer, known)) continue;
        ways.set(name, longer);
        moved = true;
      }
    }
  }
  return Object.fromEntries(
    names.map((name): [string, Expected] => {
      const way = ways.get(name);
      return [
        name,
        way !== undefined && way.length > 1
          ? { state: 'impacted', path: way }
          : { state: state(name), path: undefined },
      ];
    }),
  );
}

function isBetter(way: readonly string[], known: readonly string[]): boolean {
  return way.length < known.length || (way.length === known.length && way.join(' ') < known.join(' '));
}
