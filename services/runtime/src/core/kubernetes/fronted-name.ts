import { sortedBy } from '@microstax/model/compare';
import { isIpAddress } from '@microstax/model/external-address';
import type { ListenerRecord } from '@microstax/model/journal';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { frontedWord, frontSlices } from './front.ts';
import type { KubeObject } from './kube-object.ts';
import { labelsOf, type Place } from './marks.ts';
import { objectName } from './object-name.ts';
import { object } from './place-objects.ts';
import { servicePorts } from './service-ports.ts';

export type FrontedName = {
  readonly service: string;
  readonly name: KubeObject;
  /** The router's addresses, which are beside the name before it leads nowhere else. */
  readonly slices: readonly KubeObject[];
};

/**
 * A service's name as one that leads to the router, which listens for it in this environment (protocol 26). Undefined where
 * the router does not listen for all of its ports, or only where no pod reaches it.
 */
export function frontedName(
  place: Place,
  spec: ServiceSpec,
  listeners: readonly ListenerRecord[],
): FrontedName | undefined {
  const own = listeners.filter(({ service, host }) => service === spec.name && isReached(host));
  const ports = Object.fromEntries(own.map(({ port, listenPort }) => [port, listenPort]));
  if (spec.ports.length === 0 || spec.ports.some(({ name }) => ports[name] === undefined)) return undefined;
  const content = { spec: { type: 'ClusterIP', selector: { [frontedWord]: 'true' }, ports: servicePorts(spec.ports) } };
  const name = object(place, 'Service', objectName(spec.name), 'name', content, spec.name);
  const addresses = [...new Set(own.map(({ host }) => host))];
  const slices = frontSlices(name, { addresses, ports }).map((slice) => ({
    ...slice,
    metadata: {
      ...slice.metadata,
      labels: { ...slice.metadata.labels, ...labelsOf(place, 'front', spec.name) },
    },
  }));
  return { service: spec.name, name, slices };
}

/** Lets the environment's pods out to the router, where any name leads to it. */
export function frontPolicy(place: Place, listeners: readonly ListenerRecord[]): readonly KubeObject[] {
  const reached = listeners.filter(({ host }) => isReached(host));
  if (reached.length === 0) return [];
  const hosts = sortedBy(new Set(reached.map(({ host }) => host)), (host) => host);
  const egress = hosts.map((host) => ({
    to: [{ ipBlock: { cidr: `${host}/${host.includes(':') ? 128 : 32}` } }],
    ports: reached
      .filter((one) => one.host === host)
      .map(({ listenPort }) => ({ port: listenPort, protocol: 'TCP' }))
      .toSorted((a, b) => a.port - b.port),
  }));
  const content = { spec: { podSelector: {}, policyTypes: ['Egress'], egress } };
  return [object(place, 'NetworkPolicy', 'to-router', 'opening', content)];
}

/** The API refuses loopback as an endpoint, and rightly: it is another one in every pod. */
function isReached(host: string): boolean {
  return isIpAddress(host) && !host.startsWith('127.') && host !== '::1';
}
