import { satisfiesContract } from '@microstax/model/contract-version';
import type { EffectiveService } from '@microstax/model/effective-graph';
import { isRunnable } from '@microstax/model/runnable';
import type { PortProtocol, ServiceSpec } from '@microstax/model/service-spec';
import type { Scene } from './composition-scene.ts';
import type { Need } from './needs.ts';
import type { Obstacle } from './provider-bars.ts';
import type { Offer } from './provider-offers.ts';

const noNeeds: readonly Need[] = [];

/** The first reason why an offer cannot be taken here, or null. */
export function obstacle(offer: Offer, here: EffectiveService, scene: Scene): Obstacle | null {
  const { env, service, stale } = offer;
  if (service === null) {
    const known = scene.known.has(env) ? `"${env}" has no service "${here.name}"` : `"${env}" is not known`;
    return { code: 'not-declared', reason: env === scene.env ? 'mapped to this environment itself' : known };
  }
  const barred = barredOf(offer, scene);
  if (barred !== undefined) return barred;
  if (offer.unfit !== undefined) return offer.unfit;
  if (!offer.answersOutside && !isRunnable(service.spec))
    return { code: 'no-spec', reason: `"${env}" declares nothing that can run` };
  if (service.spec.sharing === 'deny') return { code: 'sharing-denied', reason: `"${env}" does not share it` };
  if (here.spec.sharing === 'deny') return { code: 'sharing-denied', reason: 'declared here as not to be inherited' };
  const unmet = unmetNeed(env, service.spec, here.spec, scene.needsOf(here.name) ?? noNeeds);
  if (unmet !== null) return unmet;
  if (stale) return { code: 'not-what-runs', reason: `the pinned spec is not what "${env}" offers at present` };
  return null;
}

/** Both who is asked and who answers behind it must be allowed. */
function barredOf({ env, behind }: Offer, { barred }: Scene): Obstacle | undefined {
  if (barred.size === 0) return undefined;
  return barred.get(env) ?? (behind === undefined ? undefined : barred.get(behind));
}

function unmetNeed(env: string, provider: ServiceSpec, here: ServiceSpec, needs: readonly Need[]): Obstacle | null {
  for (const need of needs) {
    const unmet =
      (need.speaks ? portObstacle(env, provider, here, need) : null) ?? contractObstacle(env, provider, need);
    if (unmet !== null) return unmet;
  }
  return null;
}

/** A call that names no port needs any of its protocol, where the service as it is here has one. */
function portObstacle(
  env: string,
  provider: ServiceSpec,
  here: ServiceSpec,
  { caller, port, protocol }: Need,
): Obstacle | null {
  if (port === undefined) {
    if (!speaks(here, protocol) || speaks(provider, protocol)) return null;
    return { code: 'protocol-mismatch', reason: `"${caller}" calls ${protocol}, "${env}" has no such port` };
  }
  const found = provider.ports.find((candidate) => candidate.name === port);
  if (found === undefined)
    return { code: 'port-missing', reason: `"${caller}" needs port "${port}", "${env}" has none of that name` };
  if (found.protocol === protocol) return null;
  const reason = `"${caller}" needs ${protocol} on port "${port}", that of "${env}" is ${found.protocol}`;
  return { code: 'protocol-mismatch', reason };
}

function contractObstacle(env: string, { contract }: ServiceSpec, { caller, contract: needed }: Need): Obstacle | null {
  if (needed === undefined || (contract !== undefined && satisfiesContract(contract.version, needed))) return null;
  const has = contract === undefined ? `"${env}" states none` : `that of "${env}" is ${contract.version}`;
  return { code: 'contract-incompatible', reason: `"${caller}" needs contract ${needed}, ${has}` };
}

function speaks(spec: ServiceSpec, protocol: PortProtocol): boolean {
  return spec.ports.some((port) => port.protocol === protocol);
}
