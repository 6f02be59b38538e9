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
 * a level reads of its lineage, so a kept graph of a prefix can be extended.
 */
export function derivedGraph(parent: EffectiveGraph | null, revision: Revision): EffectiveGraph {
  const services = new Map(parent?.services.map((service) => [service.name, service]));
  for (const { kind, name } of revision.services) if (kind === 'remove') services.delete(name);
  for (const declaration of revision.services) {
    if (declaration.kind === 'remove') continue;
    services.set(declaration.name, declared(declaration, services.get(declaration.name), revision.env));
  }
  return {
    env: revision.env,
    mode: revision.mode,
    services: sortedBy(services.values(), (service) => service.name),
    ...(revision.parent === undefined ? {} : { link: revision.parent.link }),
  };
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
