import { compareText } from '@microstax/model/compare';
import type { RemoteTier } from '@microstax/model/composition';
import type { Digest } from '@microstax/model/digest';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import type { PortProtocol } from '@microstax/model/service-spec';
import type { ComposedAncestor, CompositionInput } from './composition.ts';

/** A port that a caller here needs. */
export type Need = { readonly caller: string; readonly port: string | undefined; readonly protocol: PortProtocol };

export type Ancestor = ComposedAncestor & {
  readonly tier: RemoteTier;
  readonly services: ReadonlyMap<string, EffectiveService>;
  /** Names of its remove declarations. */
  readonly takenAway: ReadonlySet<string>;
};

type Known = {
  readonly services: ReadonlyMap<string, EffectiveService>;
  readonly offered?: ReadonlyMap<string, Digest>;
};

/** The input, indexed once. */
export type Scene = {
  readonly env: string;
  readonly own: Revision;
  readonly takenAway: ReadonlySet<string>;
  readonly here: ReadonlyMap<string, EffectiveService>;
  readonly ancestors: readonly Ancestor[];
  readonly known: ReadonlyMap<string, Known>;
  /** What callers here need of each service, sorted by caller and port. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
};

export function sceneOf({ env, own, effective, lineage, outside }: CompositionInput): Scene {
  const ancestors = lineage.map((ancestor, index): Ancestor => {
    const tier = index === lineage.length - 1 ? 'baseline' : 'inherited ancestor';
    return { ...ancestor, tier, services: byName(ancestor.effective), takenAway: takenAwayBy(ancestor.revision) };
  });
  const known = new Map<string, Known>();
  for (const provider of outside) known.set(provider.env, { services: byName(provider.effective) });
  for (const ancestor of ancestors) known.set(ancestor.env, ancestor);
  const needs = needsOf(effective);
  return { env, own, takenAway: takenAwayBy(own), here: byName(effective), ancestors, known, needs };
}

function takenAwayBy({ services }: Revision): Set<string> {
  return new Set(services.flatMap(({ kind, name }) => (kind === 'remove' ? [name] : [])));
}

/** Graph and specs are sorted by their invariants, so the first caller named is always the same. */
function needsOf(effective: EffectiveGraph): Map<string, Need[]> {
  const needs = new Map<string, Need[]>();
  for (const { name: caller, spec } of effective.services) {
    for (const { service, kind, port, protocol } of spec.dependsOn) {
      if (service === caller || (port === undefined && kind !== 'calls')) continue;
      const sofar = needs.get(service);
      if (sofar === undefined) needs.set(service, [{ caller, port, protocol }]);
      else if (!sofar.some((need) => need.port === port && need.protocol === protocol))
        sofar.push({ caller, port, protocol });
    }
  }
  return needs;
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
  const nearer = new Set(scene.here.keys());
  for (const [index, { env, revision }] of levelsOf(scene).entries()) {
    const lenders = scene.ancestors.slice(index);
    for (const { kind, name } of revision.services) {
      const service = kind === 'remove' ? lenders[0]?.services.get(name) : undefined;
      if (service !== undefined && !nearer.has(name) && !found.has(name))
        found.set(name, { service, by: env, lenders });
    }
    for (const name of Object.keys(revision.routing.providers)) nearer.add(name);
  }
  return [...found.values()];
}

/** Names that are mapped, or depended on, and neither declared nor taken away. */
export function undeclaredNames(scene: Scene, removed: readonly Removal[]): string[] {
  const names = new Set<string>();
  for (const { spec } of scene.here.values()) for (const { service } of spec.dependsOn) names.add(service);
  for (const { revision } of levelsOf(scene))
    for (const name of Object.keys(revision.routing.providers)) names.add(name);
  for (const name of scene.here.keys()) names.delete(name);
  for (const { service } of removed) names.delete(service.name);
  return [...names];
}

function levelsOf({ env, own, ancestors }: Scene): { readonly env: string; readonly revision: Revision }[] {
  return [{ env, revision: own }, ...ancestors];
}

/** A service may be called `constructor`, so only own members count. */
export function mappingOf({ routing }: Revision, name: string): string | undefined {
  return Object.hasOwn(routing.providers, name) ? routing.providers[name] : undefined;
}

export function poolsOf({ routing }: Revision): string[] {
  return [...new Set(routing.pools)].sort(compareText);
}

function byName(graph: EffectiveGraph): Map<string, EffectiveService> {
  return new Map(graph.services.map((service) => [service.name, service]));
}
