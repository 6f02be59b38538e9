import { sortedBy } from '@microstax/model/compare';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import { must } from '@microstax/model/must';
import type { Revision, ServiceDeclaration } from '@microstax/model/revision';
import { specDigest } from '@microstax/model/service-spec';
import { movesOwnership, specChanges } from './spec-changes.ts';

/** What the last environment of a lineage amounts to. The lineage is given root first, the environment itself last. */
export function effectiveGraph(lineage: readonly Revision[]): EffectiveGraph {
  return must(effectiveChain(lineage).at(-1), 'a lineage has at least the environment itself');
}

/** The effective graph of every level of a lineage, root first; each is computed from the one before alone. */
export function effectiveChain(lineage: readonly Revision[]): EffectiveGraph[] {
  const chain: EffectiveGraph[] = [];
  for (const revision of lineage) chain.push(derivedGraph(chain.at(-1) ?? null, revision));
  return chain;
}

/**
 * One level: a parent's effective graph with one environment's own declarations on top. The parent's graph is all that
 * a level reads of its lineage, so it is computed once for both and kept as long as both are.
 */
export function derivedGraph(parent: EffectiveGraph | null, revision: Revision): EffectiveGraph {
  const levels = derived.get(revision) ?? new WeakMap<object, EffectiveGraph>();
  derived.set(revision, levels);
  const known = levels.get(parent ?? noParent);
  if (known !== undefined) return known;
  const graph: EffectiveGraph = {
    env: revision.env,
    mode: revision.mode,
    services: layered(parent?.services ?? [], revision),
    ...(revision.parent === undefined ? {} : { link: revision.parent.link }),
  };
  levels.set(parent ?? noParent, graph);
  return graph;
}

// Neither a revision nor a graph ever changes, and one baseline's are asked for with every derivation below it.
const derived = new WeakMap<Revision, WeakMap<object, EffectiveGraph>>();
const noParent = {};

/** Inherited services in order, with those declared here in their places. */
function layered(
  inherited: readonly EffectiveService[],
  { env, services: declarations }: Revision,
): EffectiveService[] {
  const services: EffectiveService[] = [];
  let next = 0;
  for (const declaration of sortedBy(declarations, ({ name }) => name)) {
    while (next < inherited.length && (inherited[next] as EffectiveService).name < declaration.name)
      services.push(inherited[next++] as EffectiveService);
    const same = inherited[next]?.name === declaration.name ? inherited[next++] : undefined;
    if (declaration.kind === 'run') services.push(declared(declaration, same, env));
  }
  while (next < inherited.length) services.push(inherited[next++] as EffectiveService);
  return services;
}

type RunDeclaration = Extract<ServiceDeclaration, { kind: 'run' }>;

/**
 * The nearest declaration is the effective spec; ownership moves only where it changes behaviour, contract or data, so
 * a declaration about capacity, policy or metadata leaves the service with the ancestor that really differs.
 */
function declared(
  { name, identity, spec }: RunDeclaration,
  inherited: EffectiveService | undefined,
  env: string,
): EffectiveService {
  const digest = specDigest(spec);
  const moved =
    inherited === undefined || (inherited.specDigest !== digest && movesOwnership(specChanges(inherited.spec, spec)));
  return { name, identity, spec, specDigest: digest, owner: moved ? env : inherited.owner };
}
