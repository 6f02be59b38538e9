import type { RemoteTier } from '@microstax/model/composition';
import type { Digest } from '@microstax/model/digest';
import type { EffectiveService } from '@microstax/model/effective-graph';
import { addressText, type ExternalAddress } from '@microstax/model/external-address';
import type { Revision } from '@microstax/model/revision';
import { type Ancestor, externalOf, mappingOf, type Scene } from './composition-scene.ts';
import { externalService } from './external-service.ts';
import { poolObstacle } from './pool-obstacle.ts';
import type { Obstacle } from './provider-bars.ts';

/** Someone who could provide a service. */
export type Offer = {
  readonly env: string;
  readonly tier: RemoteTier;
  readonly reason: string;
  /** Where it is no environment. */
  readonly external?: ExternalAddress;
  /** Where it has the service from, if from another environment or an address. */
  readonly behind?: string;
  /** What is asked of it as a pool and not so. */
  readonly unfit?: Obstacle;
  /** Nobody in reach starts it: an address answers. */
  readonly answersOutside?: boolean;
  /** What would answer; null where the environment was named but has no such service. */
  readonly service: EffectiveService | null;
  /** What the environment itself knows the service by. */
  readonly specDigest: Digest | undefined;
  /** The pinned spec is not what the environment offers at present. */
  readonly stale: boolean;
};

/** Tier order: explicit mapping, ancestors nearest first with the baseline as the last of them, pools by name. */
export function offersFor(name: string, inherited: readonly Offer[], scene: Scene): readonly Offer[] {
  const mapped = mappedOffer(name, scene);
  if (mapped === null && scene.pools.length === 0) return inherited;
  return [...(mapped === null ? [] : [mapped]), ...inherited, ...pooledOffers(name, scene)];
}

function mappedOffer(name: string, scene: Scene): Offer | null {
  const address = externalOf(scene.own, name);
  if (address !== undefined) return addressOffer(name, address, scene.own);
  const env = mappingOf(scene.own, name);
  if (env === undefined) return null;
  const provider = env === scene.env ? undefined : scene.known.get(env);
  const service = provider?.services.get(name) ?? null;
  return offerOf(env, 'explicit provider mapping', 'mapped here by routing.providers', service, provider?.offered);
}

function pooledOffers(name: string, scene: Scene): Offer[] {
  return scene.pools.flatMap((env) => {
    const service = env === scene.env ? undefined : scene.known.get(env)?.services.get(name);
    if (!service) return [];
    const unfit = poolObstacle(env, scene);
    const offer = offerOf(env, 'shared provider pool', `in the pool "${env}"`, service);
    return [unfit === null ? offer : { ...offer, unfit }];
  });
}

function addressOffer(name: string, address: ExternalAddress, mapping: Revision): Offer {
  const service = externalService(name, address, mapping);
  const offer = offerOf(service.owner, 'explicit provider mapping', 'mapped here by routing.providers', service);
  return { ...offer, external: address, answersOutside: true };
}

/**
 * Every ancestor that added or changed the service, up to the first that lacks it: behind that one stands another
 * service of the same name. An ancestor that maps the service elsewhere is a provider too, by its record.
 */
export function inheritedOffers(name: string, lenders: readonly Ancestor[], scene: Scene): Offer[] {
  const offers: Offer[] = [];
  for (const { env, tier, revision, services, offered, declares } of lenders) {
    const service = services.get(name);
    if (service === undefined) break;
    const address = externalOf(revision, name);
    if (address !== undefined) {
      const behind = addressText(address);
      const answering = externalService(name, address, revision);
      const offer = offerOf(env, tier, `"${env}" maps it to "${behind}"`, service, offered);
      offers.push({ ...offer, service: answering, behind, answersOutside: true });
      continue;
    }
    const elsewhere = mappingOf(revision, name);
    const answering = elsewhere === undefined ? undefined : scene.known.get(elsewhere)?.services.get(name);
    if (answering !== undefined && elsewhere !== undefined) {
      const reason = `"${env}" maps it to "${elsewhere}"`;
      offers.push({ ...offerOf(env, tier, reason, service, offered), service: answering, behind: elsewhere });
    } else if (service.owner === env) offers.push(offerOf(env, tier, declares, service, offered));
  }
  return offers;
}

/** Ancestors whose own mapping or pool provides what nobody in the lineage declares, up to one that takes it away. */
export function relayedOffers(name: string, scene: Scene): Offer[] {
  const offers: Offer[] = [];
  if (scene.takenAway.has(name)) return offers;
  for (const { env, tier, revision, takenAway, pools } of scene.ancestors) {
    if (takenAway.has(name)) break;
    const address = externalOf(revision, name);
    if (address !== undefined) {
      const service = externalService(name, address, revision);
      const offer = offerOf(env, tier, `"${env}" has it from "${service.owner}"`, service);
      offers.push({ ...offer, behind: service.owner, answersOutside: true });
      continue;
    }
    const mapped = mappingOf(revision, name);
    for (const elsewhere of mapped === undefined ? pools : [mapped]) {
      const service = scene.known.get(elsewhere)?.services.get(name);
      if (service === undefined) continue;
      offers.push({ ...offerOf(env, tier, `"${env}" has it from "${elsewhere}"`, service), behind: elsewhere });
      break;
    }
  }
  return offers;
}

function offerOf(
  env: string,
  tier: RemoteTier,
  reason: string,
  service: EffectiveService | null,
  offered?: ReadonlyMap<string, Digest>,
): Offer {
  const stale = service !== null && offered !== undefined && offered.get(service.name) !== service.specDigest;
  return { env, tier, reason, service, specDigest: service?.specDigest, stale };
}
