import { canonicalJson } from '@microstax/model/canonical-json';
import { digestOf } from '@microstax/model/digest';
import type { EffectiveGraph } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import { aRevision } from '@microstax/testkit/blueprints';
import { disordered, lineageServices, lineages, services } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { DirectedGraph } from 'graphology';
import { bfsFromNode } from 'graphology-traversal';
import { describe, expect, test } from 'vitest';
import { composeEnvironment } from './composition.ts';
import { differenceOf } from './difference.ts';
import { derivedGraph, effectiveChain } from './effective-graph.ts';
import { indexed } from './indexed-graph.ts';
import { SparseRows } from './sparse-rows.ts';
import { applyDifference, type Specs } from './testing/apply-difference.ts';
import { naiveComposition, naiveDifference, naiveNames } from './testing/naive-engine.ts';

const derivation = digestOf('derivation', 'test');
const runs = { numRuns: 1_000 };
const longRuns = { numRuns: 500 }; // where one case takes a millisecond on an idle machine

const outside = fc
  .record({
    outside: fc.uniqueArray(fc.constantFrom('pay', 'tax', 'db').chain(services), { selector: ({ name }) => name }),
    pool: fc.array(services('db'), { maxLength: 1 }),
    region: fc.constantFrom('eu', 'us', undefined),
  })
  .map(({ region, ...drawn }) =>
    Object.entries(drawn).map(([env, specs]) =>
      aRevision(env, {
        labels: { tier: env === 'pool' ? '1' : '2' },
        services: specs,
        ...(region === undefined ? {} : { residency: { region } }),
      }),
    ),
  );

const address = { host: 'a.example', port: 80, portName: 'http', protocol: 'http', region: 'eu' } as const;
const other = { host: 'b.example', port: 81, portName: 'http', protocol: 'grpc' } as const;
const terms = fc.constantFrom(undefined, { capacity: 2 }, { labels: { tier: '1' } });
/** By level: services that it maps to an address outside, and what it asks of its pools. */
const extras = fc.array(
  fc.record({
    externals: fc.dictionary(fc.constantFrom(...lineageServices, 'tax'), fc.constantFrom(address, other), {
      maxKeys: 2,
    }),
    pool: terms,
    outside: terms,
  }),
  { minLength: 4, maxLength: 4 },
);

type Extra = typeof extras extends fc.Arbitrary<(infer One)[]> ? One : never;

/** A service is mapped once: to the address, where both are drawn. */
function withExtras(revision: Revision, { externals, ...pools }: Extra): Revision {
  const { providers, ...routing } = revision.routing;
  const kept = Object.entries(providers).filter(([name]) => !Object.hasOwn(externals, name));
  const poolTerms = Object.entries(pools).flatMap(([pool, asked]) => (asked === undefined ? [] : [[pool, asked]]));
  return {
    ...revision,
    routing: { ...routing, providers: Object.fromEntries(kept), externals, poolTerms: Object.fromEntries(poolTerms) },
  };
}

describe('difference', () => {
  test('says of every service what a look at every level and every edge says', () => {
    fc.assert(
      fc.property(lineages(), (lineage) => {
        const found = differenceBetween(lineage).services.map(({ service, state, path }) => [
          service,
          path === undefined ? { state } : { state, path },
        ]);
        expect(Object.fromEntries(found)).toEqual(naiveDifference(lineage));
      }),
      runs,
    );
  });

  test('of a graph and itself is empty', () => {
    fc.assert(
      fc.property(lineages(), (lineage) => {
        const graph = effectiveChain(lineage).at(-1) as EffectiveGraph;
        const own = aRevision('child', { parent: graph.env });
        const { services: all } = differenceOf({ env: 'child', parent: graph, target: graph, own, derivation });
        expect(all.filter(({ state, changes }) => state !== 'unchanged' || changes.length > 0)).toEqual([]);
        expect(all.map(({ service }) => service)).toEqual(naiveNames(lineage));
      }),
      runs,
    );
  });

  test('of a and b, applied to a, gives b', () => {
    fc.assert(
      fc.property(lineages(2), lineages(2), (one, other) => {
        const [a, b] = [one, other].map((lineage) => effectiveChain(lineage).at(-1) as EffectiveGraph);
        if (a === undefined || b === undefined) return;
        const own = other.at(-1) as Revision;
        const difference = differenceOf({ env: b.env, parent: a, target: b, own, derivation });
        expect(orderless(applyDifference(specsOf(a), difference, specsOf(b)))).toEqual(orderless(specsOf(b)));
      }),
      runs,
    );
  });

  test('applied without one of its changes does not give b, so none is idle', () => {
    let tried = 0;
    fc.assert(
      fc.property(lineages(2), fc.nat(), (lineage, pick) => {
        const [a, b] = effectiveChain(lineage);
        if (a === undefined || b === undefined) return;
        const difference = differenceBetween(lineage);
        const changed = difference.services.filter(({ changes }) => changes.length > 0);
        const one = changed[pick % Math.max(1, changed.length)];
        if (one === undefined) return;
        tried += 1;
        const short = { ...one, changes: one.changes.slice(1) };
        const broken = { ...difference, services: difference.services.map((each) => (each === one ? short : each)) };
        expect(orderless(applyDifference(specsOf(a), broken, specsOf(b)))).not.toEqual(orderless(specsOf(b)));
      }),
      { numRuns: 1_000 },
    );
    expect(tried).toBeGreaterThan(100);
  });
});

describe('composition', () => {
  test('has the owner and the candidates that a look at every level finds, in their order, with the same verdicts', () => {
    fc.assert(
      fc.property(lineages(), extras, outside, fc.nat(3), (drawn, extra, others, holders) => {
        const lineage = drawn.map((revision, at) => withExtras(revision, extra[at] as Extra));
        const found = composed(lineage, others, holders).services.map(({ name, owner, removed, candidates }) => [
          name,
          { owner, removed, candidates: candidates.map(({ env, tier, code }) => ({ env, tier, code })) },
        ]);
        const expected = { ...naiveComposition(lineage, others, holders) };
        if (canonicalJson(Object.fromEntries(found)) === canonicalJson(expected)) return;
        expect(Object.fromEntries(found)).toEqual(expected);
      }),
      longRuns,
    );
  });

  test('of a chain is that of its prefix, extended by one level', () => {
    fc.assert(
      fc.property(lineages(), outside, (lineage, others) => {
        const prefix = effectiveChain(lineage.slice(0, -1).map((revision) => structuredClone(revision)));
        const own = lineage.at(-1) as Revision;
        const extended = [...prefix, derivedGraph(prefix.at(-1) ?? null, structuredClone(own))];
        expect(canonicalJson(composedFrom(lineage, extended, others))).toBe(canonicalJson(composed(lineage, others)));
      }),
      longRuns,
    );
  });

  test('does not change with what was composed before it, nor with the order of what stands beside it', () => {
    fc.assert(
      fc.property(
        lineages(),
        outside,
        fc.array(fc.nat(3), { maxLength: 6 }),
        fc.nat(),
        (lineage, others, asked, seed) => {
          const fresh = structuredClone(lineage);
          for (const depth of asked) composed(fresh.slice(0, 1 + (depth % fresh.length)), others);
          const expected = canonicalJson(composed(lineage, others));
          expect(canonicalJson(composed(fresh, [...others].reverse()))).toBe(expected);
          const shuffled = lineage.map((revision) => disordered(revision, seed));
          expect(canonicalJson(composed(shuffled, others))).toBe(expected);
          expect(canonicalJson(differenceBetween(shuffled))).toBe(canonicalJson(differenceBetween(lineage)));
        },
      ),
      longRuns,
    );
  });
});

describe('rows of a graph', () => {
  test('taken over from a parent are those of the graph alone', () => {
    fc.assert(
      fc.property(lineages(), (lineage) => {
        const chain = effectiveChain(lineage);
        chain.forEach((graph, depth) => {
          const over = indexed(graph, chain[depth - 1] ?? null);
          const alone = indexed({ ...graph });
          expect(edgesIn(over)).toEqual(edgesIn(alone));
          expect(over.services.filter((service) => service !== undefined)).toEqual(graph.services);
        });
      }),
      runs,
    );
  });

  test('reach what graphology reaches', () => {
    const edges = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 80 });
    fc.assert(
      fc.property(edges, fc.nat(29), (pairs, start) => {
        const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
        const named = pairs.map(([from, to]) => [`n${from}`, `n${to}`] as const);
        const rows = SparseRows.fromEdges(names, named);
        const oracle = new DirectedGraph();
        for (const name of names) oracle.addNode(name);
        for (const [from, to] of named) oracle.mergeDirectedEdge(from, to);
        for (const along of ['targets', 'sources'] as const) {
          const seen: [string, number][] = [];
          bfsFromNode(oracle, `n${start}`, (name, _, hops) => void seen.push([name, hops]), {
            mode: along === 'targets' ? 'outbound' : 'inbound',
          });
          const { ids, hops } = rows.reach([rows.idOf(`n${start}`) as number], { along });
          expect(new Map([...ids].map((id, index) => [rows.names[id], hops[index]]))).toEqual(new Map(seen));
        }
      }),
      runs,
    );
  });
});

function differenceBetween(lineage: readonly Revision[]) {
  const chain = effectiveChain(lineage);
  const own = lineage.at(-1) as Revision;
  const target = chain.at(-1) as EffectiveGraph;
  return differenceOf({ env: own.env, parent: chain.at(-2) ?? null, target, own, derivation });
}

function composed(lineage: readonly Revision[], others: readonly Revision[], holders = 0) {
  return composedFrom(lineage, effectiveChain(lineage), others, holders);
}

function composedFrom(
  lineage: readonly Revision[],
  chain: readonly EffectiveGraph[],
  others: readonly Revision[],
  holders = 0,
) {
  const own = lineage.at(-1) as Revision;
  const ancestors = lineage.slice(0, -1).map((revision, index) => {
    return { env: revision.env, revision, effective: chain[index] as EffectiveGraph };
  });
  return composeEnvironment({
    env: own.env,
    mode: own.mode,
    lineage: ancestors.reverse(),
    own,
    effective: chain.at(-1) as EffectiveGraph,
    outside: others.map((revision) => ({
      env: revision.env,
      effective: effectiveChain([revision])[0] as EffectiveGraph,
      revisions: [revision],
    })),
    poolHolders: new Map(others.map(({ env }) => [env, holders])),
    derivation,
  });
}

function specsOf(graph: EffectiveGraph): Specs {
  return Object.fromEntries(graph.services.map(({ name, spec }) => [name, spec]));
}

/** Lists of ports, secrets, dependencies and volumes are sets. */
function orderless(specs: Specs) {
  const sorted = (list: readonly unknown[] = []) =>
    list.map((entry) => JSON.stringify(Object.entries(entry as object).sort())).sort();
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const { ports, secrets, dependsOn, volumes, ...rest } = spec;
      return [name, { ...rest, sets: [ports, secrets, dependsOn, volumes].map(sorted) }];
    }),
  );
}

function edgesIn({ rows }: ReturnType<typeof indexed>): string[] {
  return rows.names
    .flatMap((name, id) => [...rows.targetsOf(id)].map((target) => `${name} ${rows.names[target]}`))
    .sort();
}
