import { canonicalJson } from '@microstax/model/canonical-json';
import type { Placement } from '@microstax/model/plan';
import type { ResolvedRecord } from '@microstax/model/resolution';
import type { PoolTerms, Revision } from '@microstax/model/revision';
import { compileRouting } from '@microstax/model/routing-artifacts/compile-routing';
import { routingFormats } from '@microstax/model/routing-artifacts/routing-artifact';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { lineageServices, lineages } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { born } from '../../services/graph/src/core/testing/states.ts';
import { type Decided, decideFamily } from './family.ts';

/** Records as graph, planner and resolver decide them together: in agreement with the plan, and no more new than needed. */

const numRuns = process.env.MSX_ORACLE === 'long' ? 20_000 : 1_000;
const slowMs = 120_000;

const outside = ['outside', 'pool'].map((env) =>
  born(
    aRevision(env, {
      labels: { tier: env === 'pool' ? '1' : '2' },
      services: lineageServices.map((name) => aService(name)),
    }),
  ),
);
const address = { host: 'pay.example.com', port: 443, portName: 'http', protocol: 'http' } as const;
const terms: fc.Arbitrary<PoolTerms | null> = fc.constantFrom(null, { capacity: 2 }, { labels: { tier: '1' } });
const extras = fc.record({
  externals: fc.uniqueArray(fc.constantFrom(...lineageServices), { maxLength: 2 }),
  pool: terms,
  outside: terms,
});
type Extras = { externals: string[]; pool: PoolTerms | null; outside: PoolTerms | null };
const families = fc.tuple(lineages(), fc.array(extras, { minLength: 4, maxLength: 4 }), fc.nat(3), fc.nat(11));

/** A level with mappings to an address and terms of its pools. */
function withExtras(revision: Revision, { externals, ...pools }: Extras): Revision {
  const { providers, ...routing } = revision.routing;
  const kept = Object.entries(providers).filter(([name]) => !externals.includes(name));
  const asked = Object.entries(pools).flatMap(([pool, one]) => (one === null ? [] : [[pool, one] as const]));
  return {
    ...revision,
    routing: {
      ...routing,
      providers: Object.fromEntries(kept),
      ...(externals.length === 0 ? {} : { externals: Object.fromEntries(externals.map((name) => [name, address])) }),
      ...(asked.length === 0 ? {} : { poolTerms: Object.fromEntries(asked) }),
    },
  };
}

/** Most that is drawn contradicts itself where the root lacks what others call, so half of the roots have all but one. */
function completed(root: Revision, lacks: number): Revision {
  if (lacks >= lineageServices.length) return root;
  const services = lineageServices.filter((_, at) => at !== lacks).map((name) => aService(name));
  return { ...aRevision(root.env, { services }), routing: root.routing };
}

const seen = new Map<string, number>();

test(
  'a record is local exactly where the plan says so, leads where it says else, and there is one of each service',
  () => {
    fc.assert(
      fc.property(families, ([lineage, extra, holders, lacks]) => {
        const revisions = lineage.map((revision, at) =>
          withExtras(at === 0 ? completed(revision, lacks) : revision, extra[at] as Extras),
        );
        const poolHolders = new Map(['outside', 'pool'].map((pool) => [pool, holders]));
        for (const { plan, resolution } of decideFamily(revisions, { outside, poolHolders })) {
          const placements = new Map(plan.placements.map((placement) => [placement.service, placement]));
          expect(resolution.findings).toEqual([]);
          expect(resolution.records.map(({ service }) => service)).toEqual([...placements.keys()].sort());
          for (const record of resolution.records) {
            seen.set(record.tier, (seen.get(record.tier) ?? 0) + 1);
            agrees(record, placements.get(record.service) as Placement);
          }
        }
      }),
      { numRuns },
    );
    for (const tier of ['local overlay', 'explicit provider mapping', 'inherited ancestor', 'baseline'])
      expect(seen.get(tier) ?? 0, tier).toBeGreaterThan(5);
    for (const tier of ['shared provider pool', 'denied']) expect(seen.get(tier) ?? 0, tier).toBeGreaterThan(0);
  },
  slowMs,
);

function agrees(record: ResolvedRecord, placement: Placement): void {
  const { env, service, tier, target, code } = record;
  expect(tier === 'local overlay', service).toBe(placement.kind === 'local');
  expect(target === null, service).toBe(placement.kind === 'denied');
  expect(code).toBe(placement.kind === 'denied' ? placement.code : undefined);
  if (target === null) return;
  if ('external' in target) expect(placement.external).toMatchObject(target.external);
  else if (placement.kind === 'local') expect(target).toEqual({ env, service });
  else expect(placement.provider).toMatchObject(target);
}

const fifty = Array.from({ length: 50 }, (_, index) => `svc-${String(index).padStart(2, '0')}`);
/** Each calls up to three that come after it, by a way that passes the context on. */
const base = fifty.map((name, at) =>
  aService(name, {
    expose: at === 0,
    dependsOn: [at + 1, at + 2, at + 7].flatMap((to) => (to < fifty.length ? [fifty[to] as string] : [])),
  }),
);
const shop = aRevision('shop', { services: base, routing: { externals: { mail: address } } });
/** What an overlay declares: some changed services, one taken away, one mapped outside. */
const overlay = (changed: readonly number[]): Revision =>
  aRevision('feat', {
    parent: 'shop',
    services: changed.map((at) => aService(fifty[at] as string, { env: { CHANGED: 'yes' }, dependsOn: [] })),
    routing: { externals: { 'svc-49': address } },
  });

test.each([
  ['one more is changed', [5], [5, 17], ['svc-17']],
  ['a changed one is none any more', [5, 17], [5], ['svc-17']],
  ['another one is changed instead', [5], [6], ['svc-05', 'svc-06']],
])(
  'of fifty services, where %s, the others keep the bytes of their records and of their artifacts in all formats',
  (_, before, after, moved) => {
    const [one, other] = [before, after].map((changed) => {
      const decided = decideFamily([shop, overlay(changed)]);
      expect(decided.map(({ env }) => env)).toEqual(['shop', 'feat']);
      return decided as [Decided, Decided];
    }) as [[Decided, Decided], [Decided, Decided]];
    const recordBytes = ([, feat]: [Decided, Decided]): Map<string, string> =>
      new Map(feat.resolution.records.map((record) => [record.service, canonicalJson(record)]));
    const [old, now] = [recordBytes(one), recordBytes(other)];
    expect(old.size).toBe(51); // with the mapped mail of the baseline
    expect([...old.keys()].filter((service) => old.get(service) !== now.get(service))).toEqual(moved);
    for (const format of routingFormats) {
      const digests = ([root, feat]: [Decided, Decided]): Map<string, string> =>
        new Map(
          compileRouting(format, { listener: feat, others: [root] }).map(({ service, digest }) => [service, digest]),
        );
      const [was, is] = [digests(one), digests(other)];
      expect(was.size).toBe(51);
      expect(
        [...was.keys()].filter((service) => was.get(service) !== is.get(service)),
        format,
      ).toEqual(moved);
    }
  },
);
