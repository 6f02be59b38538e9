import { sortedBy } from '@microstax/model/compare';
import type { Candidate, ComposedService, Composition } from '@microstax/model/composition';
import type { Digest } from '@microstax/model/digest';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import { defaultHeaderName } from '@microstax/model/names';
import type { EnvironmentMode, Revision } from '@microstax/model/revision';
import { type Removal, removals, type Scene, sceneOf, undeclaredNames } from './composition-scene.ts';
import { obstacle } from './offer-obstacle.ts';
import type { Obstacle } from './provider-bars.ts';
import { inheritedOffers, type Offer, offersFor, relayedOffers } from './provider-offers.ts';

/** An ancestor as the derivation froze it. */
export type ComposedAncestor = {
  readonly env: string;
  readonly revision: Revision;
  /** At the revision that composition reads. */
  readonly effective: EffectiveGraph;
  /**
   * Spec digests of the ancestor's own present offer by service, where a pin may make that another one (protocol 12).
   * Absent: the ancestor is read at its present offer.
   */
  readonly offered?: ReadonlyMap<string, Digest>;
};

/** An environment outside the lineage that an explicit mapping or a pool names. */
export type OutsideEnvironment = {
  readonly env: string;
  readonly effective: EffectiveGraph;
  /** What it amounts to, root first, its own last. */
  readonly revisions: readonly Revision[];
};

export type CompositionInput = {
  readonly env: string;
  readonly mode: EnvironmentMode;
  /** Nearest first; empty for a root. */
  readonly lineage: readonly ComposedAncestor[];
  readonly own: Revision;
  readonly effective: EffectiveGraph;
  /** Every environment that this lineage's mappings and pools name and the store knows. */
  readonly outside: readonly OutsideEnvironment[];
  /** How many other environments hold something of a pool, where this one states its capacity; absent: nobody. */
  readonly poolHolders?: ReadonlyMap<string, number>;
  readonly derivation: Digest;
};

/**
 * Who could provide every service, and the one remote alternative (design 5.2, 5.4). Reads declarations only, never
 * readiness, so the answer does not depend on timing. Beside the effective services it lists those that the lineage
 * took away, and those that nobody in it declares but a mapping or a pool provides.
 */
export function composeEnvironment(input: CompositionInput): Composition {
  const scene = sceneOf(input);
  const removed = removals(scene);
  const services = [
    ...input.effective.services.map((service) => composedService(service, scene)),
    ...removed.map((removal) => removedService(removal, scene)),
    ...undeclaredNames(scene, removed).flatMap((name) => undeclaredService(name, scene)),
  ];
  return {
    env: input.env,
    mode: input.mode,
    root: input.lineage.at(-1)?.env ?? input.env,
    ancestors: input.lineage.map((ancestor) => ancestor.env),
    rootRouting: rootRouting(input.lineage.at(-1)?.revision ?? input.own),
    derivation: input.derivation,
    services: sortedBy(services, (service) => service.name),
  };
}

/** Protocol 6: the silent defaults. */
function rootRouting({ routing }: Revision): Composition['rootRouting'] {
  return { headerName: routing.headerName ?? defaultHeaderName, unknown: routing.unknown ?? 'baseline' };
}

function composedService(service: EffectiveService, scene: Scene): ComposedService {
  const offers = offersFor(service.name, inheritedOffers(service.name, scene.ancestors, scene), scene);
  return composed(service, service.owner, offers, (offer) => obstacle(offer, service, scene));
}

function removedService({ service, by, lenders }: Removal, scene: Scene): ComposedService {
  const offers = offersFor(service.name, inheritedOffers(service.name, lenders, scene), scene);
  const obstacle = { code: 'removed-here', reason: by === scene.env ? 'removed here' : `removed in "${by}"` };
  return { ...composed(service, by, offers, () => obstacle), removed: true };
}

/** Nobody in the lineage declares it, so it is what its first provider says it is. */
function undeclaredService(name: string, scene: Scene): ComposedService[] {
  const offers = offersFor(name, relayedOffers(name, scene), scene);
  const service = offers.find((offer) => offer.service !== null)?.service;
  if (!service) return [];
  return [composed(service, service.owner, offers, (offer) => obstacle(offer, service, scene))];
}

function composed(
  { name, identity, spec, specDigest }: EffectiveService,
  owner: string,
  offers: readonly Offer[],
  judge: (offer: Offer) => Obstacle | null,
): ComposedService {
  const candidates = offers.map((offer) => candidateOf(offer, judge(offer), { name, specDigest }));
  const remote = candidates.find((candidate) => candidate.eligible) ?? null;
  return { candidates, identity, name, owner, remote, removed: false, spec, specDigest };
}

// Members in the order of canonical JSON, which writes such objects as they are.
function candidateOf(
  { env, external, tier, reason, specDigest }: Offer,
  against: Obstacle | null,
  here: { readonly name: string; readonly specDigest: Digest },
): Candidate {
  const provider = { service: here.name, specDigest: specDigest ?? here.specDigest, tier };
  const address = external === undefined ? {} : { external };
  if (against === null) return { eligible: true, env, ...address, reason, ...provider };
  return { code: against.code, eligible: false, env, ...address, reason: against.reason, ...provider };
}
