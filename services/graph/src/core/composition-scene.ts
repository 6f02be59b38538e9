import { compareText } from '@microstax/model/compare';
import type { RemoteTier } from '@microstax/model/composition';
import type { Digest } from '@microstax/model/digest';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import type { ExternalAddress } from '@microstax/model/external-address';
import type { Revision } from '@microstax/model/revision';
import type { ComposedAncestor, CompositionInput } from './composition.ts';
import { type IndexedGraph, indexed } from './indexed-graph.ts';
import { type Need, needsOf } from './needs.ts';
import { barredProviders, type Obstacle } from './provider-bars.ts';

export type Ancestor = ComposedAncestor & {
  readonly tier: RemoteTier;
  readonly services: ReadonlyMap<string, EffectiveService>;
  /** Names of its remove declarations. */
  readonly takenAway: ReadonlySet<string>;
  /** Its own, in the order they are asked. */
  readonly pools: readonly string[];
  /** What it says of each service that it adds or changes. */
  readonly declares: string;
};

type Known = {
  readonly labels: Revision['labels'];
  readonly services: ReadonlyMap<string, EffectiveService>;
  readonly offered?: ReadonlyMap<string, Digest>;
};

/** The input, indexed once. */
export type Scene = {
  readonly env: string;
  readonly own: Revision;
  /** Its own, in the order they are asked. */
  readonly pools: readonly string[];
  readonly takenAway: ReadonlySet<string>;
  readonly here: ReadonlyMap<string, EffectiveService>;
  /** Names that services here depend on and none of them has. */
  readonly dangling: readonly string[];
  readonly ancestors: readonly Ancestor[];
  readonly known: ReadonlyMap<string, Known>;
  /** How many other environments hold something of a pool, where a capacity is stated here. */
  readonly poolHolders: ReadonlyMap<string, number>;
  /** Why nothing of an environment may be used here. */
  readonly barred: ReadonlyMap<string, Obstacle>;
  /** What callers here need of each service. */
  needsOf(service: string): readonly Need[] | undefined;
};

export function sceneOf(input: CompositionInput): Scene {
  const { env, own, effective, lineage, outside } = input;
  const ancestors = lineage.map((ancestor, index): Ancestor => {
    const { revision } = ancestor;
    return {
      ...ancestor,
      tier: index === lineage.length - 1 ? 'baseline' : 'inherited ancestor',
      services: byName(ancestor.effective),
      takenAway: takenAwayBy(revision),
      pools: poolsOf(revision),
      declares: `"${ancestor.env}" declares it`,
    };
  });
  const graph = indexed(effective, lineage[0]?.effective);
  const needs = needsOf(graph);
  const known = new Map<string, Known>();
  for (const { env: name, effective, revisions } of outside)
    known.set(name, { services: byName(effective), labels: revisions.at(-1)?.labels ?? {} });
  for (const ancestor of ancestors) known.set(ancestor.env, { ...ancestor, labels: ancestor.revision.labels });
  return {
    env,
    own,
    pools: poolsOf(own),
    takenAway: takenAwayBy(own),
    here: byName(effective),
    dangling: danglingIn(graph),
    ancestors,
    known,
    poolHolders: input.poolHolders ?? noHolders,
    barred: barredProviders(input),
    needsOf: (service) => needs[graph.rows.idOf(service) ?? -1],
  };
}

const noHolders: ReadonlyMap<string, number> = new Map();

function takenAwayBy({ services }: Revision): Set<string> {
  return new Set(services.flatMap(({ kind, name }) => (kind === 'remove' ? [name] : [])));
}

export type Removal = {
  readonly service: EffectiveService;
  readonly by: string;
  /** The ancestors of the environment that took it away. */
  readonly lenders: readonly Ancestor[];
};

/** What a level took away and no nearer one declares or maps again; the nearest removal counts. */
export function removals(scene: Scene): Removal[] {
  const found = new Map<string, Removal>();
  const nearer = new Set<string>();
  for (const [index, { env, revision, takenAway }] of levelsOf(scene).entries()) {
    const lenders = scene.ancestors.slice(index);
    for (const name of takenAway) {
      const service = lenders[0]?.services.get(name);
      if (service !== undefined && !scene.here.has(name) && !nearer.has(name) && !found.has(name))
        found.set(name, { service, by: env, lenders });
    }
    for (const name of mappedNames(revision)) nearer.add(name);
  }
  return [...found.values()];
}

/** Names that are mapped, or depended on, and neither declared nor taken away. */
export function undeclaredNames(scene: Scene, removed: readonly Removal[]): string[] {
  const names = new Set(scene.dangling);
  for (const { revision } of levelsOf(scene))
    for (const name of mappedNames(revision)) if (!scene.here.has(name)) names.add(name);
  for (const { service } of removed) names.delete(service.name);
  return [...names];
}

type Level = Pick<Scene, 'env' | 'takenAway'> & { readonly revision: Revision };

function levelsOf({ env, own, takenAway, ancestors }: Scene): readonly Level[] {
  return [{ env, revision: own, takenAway }, ...ancestors];
}

function danglingIn({ rows, services }: IndexedGraph): string[] {
  return rows.names.filter((_, id) => services[id] === undefined && rows.sourcesOf(id).length > 0);
}

/** A service may be called `constructor`, so only own members count. */
export function mappingOf({ routing }: Revision, name: string): string | undefined {
  return Object.hasOwn(routing.providers, name) ? routing.providers[name] : undefined;
}

export function externalOf({ routing: { externals = {} } }: Revision, name: string): ExternalAddress | undefined {
  return Object.hasOwn(externals, name) ? externals[name] : undefined;
}

function mappedNames({ routing: { providers, externals = {} } }: Revision): string[] {
  return [...Object.keys(providers), ...Object.keys(externals)];
}

function poolsOf({ routing }: Revision): string[] {
  return [...new Set(routing.pools)].sort(compareText);
}

function byName(graph: EffectiveGraph): ReadonlyMap<string, EffectiveService> {
  const before = named.get(graph);
  if (before !== undefined) return before;
  const services = new Map(graph.services.map((service) => [service.name, service]));
  named.set(graph, services);
  return services;
}

// A graph never changes, and a parent's is asked with every derivation below it.
const named = new WeakMap<EffectiveGraph, ReadonlyMap<string, EffectiveService>>();
