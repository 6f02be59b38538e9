import type { EffectiveService } from '@microstax/model/effective-graph';
import type { PortProtocol, ServiceSpec } from '@microstax/model/service-spec';
import type { Need, Scene } from './composition-scene.ts';
import type { Offer } from './provider-offers.ts';

export type Obstacle = { readonly code: string; readonly reason: string };

/** The first reason why an offer cannot be taken here, or null. */
export function obstacle({ env, service, stale }: Offer, here: EffectiveService, scene: Scene): Obstacle | null {
  if (service === null) {
    const known = scene.known.has(env) ? `"${env}" has no service "${here.name}"` : `"${env}" is not known`;
    return { code: 'not-declared', reason: env === scene.env ? 'mapped to this environment itself' : known };
  }
  if (service.spec.run === undefined) return { code: 'no-spec', reason: `"${env}" declares nothing that can run` };
  if (service.spec.sharing === 'deny') return { code: 'sharing-denied', reason: `"${env}" does not share it` };
  if (here.spec.sharing === 'deny') return { code: 'sharing-denied', reason: 'declared here as not to be inherited' };
  const missing = portObstacle(env, service.spec, here.spec, scene.needs.get(here.name) ?? []);
  if (missing !== null) return missing;
  if (stale) return { code: 'not-what-runs', reason: `the pinned spec is not what "${env}" offers at present` };
  return null;
}

/** A call that names no port needs any of its protocol, where the service as it is here has one. */
function portObstacle(env: string, provider: ServiceSpec, here: ServiceSpec, needs: readonly Need[]): Obstacle | null {
  for (const { caller, port, protocol } of needs) {
    if (port === undefined) {
      if (!speaks(here, protocol) || speaks(provider, protocol)) continue;
      return { code: 'protocol-mismatch', reason: `"${caller}" calls ${protocol}, "${env}" has no such port` };
    }
    const found = provider.ports.find((candidate) => candidate.name === port);
    if (found === undefined)
      return { code: 'port-missing', reason: `"${caller}" needs port "${port}", "${env}" has none of that name` };
    if (found.protocol !== protocol) {
      const reason = `"${caller}" needs ${protocol} on port "${port}", that of "${env}" is ${found.protocol}`;
      return { code: 'protocol-mismatch', reason };
    }
  }
  return null;
}

function speaks(spec: ServiceSpec, protocol: PortProtocol): boolean {
  return spec.ports.some((port) => port.protocol === protocol);
}
