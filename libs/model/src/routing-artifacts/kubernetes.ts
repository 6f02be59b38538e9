import type { Json } from '../canonical-json.ts';
import { sortedBy } from '../compare.ts';
import { isIpAddress } from '../external-address.ts';
import type { Endpoint } from '../route-table.ts';
import type { AnsweredPort, RouteAnswers, Target } from './route-answers.ts';

/**
 * What the namespace of an environment needs for a service that does not run in it: its name as an `ExternalName`, and
 * the opening in the default-deny policy. A denied one has a name without addresses; a local one needs nothing.
 */
export function kubernetesObjects(answers: RouteAnswers): readonly Json[] {
  const { own, env, ports } = answers;
  if (own.kind === 'denied')
    return [service(answers, { clusterIP: 'None', ports: [] }, { 'microstax.dev/denied': own.code })];
  if (own.external !== undefined) return addressObjects(answers, own.external);
  if (own.env === env) return [];
  const externalName = `${own.service}.${own.env}.svc.cluster.local`;
  return [service(answers, { type: 'ExternalName', externalName }), ...openings(answers, own, ports)];
}

/**
 * An address outside under the service's name. A policy knows no names, so for one the opening is of its port to anywhere;
 * for a number it is of that alone.
 */
function addressObjects(
  answers: RouteAnswers,
  { host, port, portName: name, protocol }: NonNullable<Target['external']>,
): readonly Json[] {
  const ports = [{ name, port, protocol: transport(protocol) }];
  const open = [{ port, protocol: transport(protocol) }];
  if (!isIpAddress(host))
    return [service(answers, { type: 'ExternalName', externalName: host, ports }), policy(answers, { ports: open })];
  const v6 = host.includes(':');
  const endpoint = { service: answers.service, port: name, host, targetPort: port, instance: host };
  return [
    service(answers, { ports }),
    slice(answers, `${name}-${port}${v6 ? '-v6' : ''}`, { name, protocol, number: port }, port, [endpoint]),
    policy(answers, { to: [{ ipBlock: { cidr: `${host}/${v6 ? 128 : 32}` } }], ports: open }),
  ];
}

/**
 * The form with addresses, for an edge that needs a port mapping or a cluster address of its own: a `Service` without
 * selector, an `EndpointSlice` for each port and number, and the opening. `observed` are pods of the target; none are
 * written for a local or denied service.
 */
export function kubernetesWithEndpoints(answers: RouteAnswers, observed: readonly Endpoint[]): readonly Json[] {
  const { own, env, ports } = answers;
  if (own.kind === 'denied' || own.external !== undefined || own.env === env) return kubernetesObjects(answers);
  const servicePorts = ports.flatMap(({ name, protocol, number }) =>
    number === null ? [] : [{ name, port: number, protocol: transport(protocol) }],
  );
  const groups = Map.groupBy(
    sortedBy(observed, ({ host }) => host).filter(({ service }) => service === own.service),
    ({ port, targetPort, host }) => `${port}-${targetPort}${host.includes(':') ? '-v6' : ''}`,
  );
  const slices = sortedBy(groups, ([name]) => name).flatMap(([name, endpoints]) => {
    const [first] = endpoints;
    const port = ports.find((one) => one.name === first?.port);
    return first === undefined || port === undefined ? [] : [slice(answers, name, port, first.targetPort, endpoints)];
  });
  return [service(answers, { ports: servicePorts }), ...slices, ...openings(answers, own, ports)];
}

function service({ env, service: name }: RouteAnswers, spec: Json, annotations?: Readonly<Record<string, string>>) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: env, labels: labels(env, name), ...(annotations ? { annotations } : {}) },
    spec,
  };
}

function slice(
  { env, service: name }: RouteAnswers,
  suffix: string,
  port: AnsweredPort,
  targetPort: number,
  endpoints: readonly Endpoint[],
): Json {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${suffix}`,
      namespace: env,
      labels: {
        ...labels(env, name),
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'microstax.dev',
      },
    },
    addressType: endpoints[0]?.host.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: endpoints.map(({ host }) => ({ addresses: [host], conditions: { ready: true } })),
    ports: [{ name: port.name, port: targetPort, protocol: transport(port.protocol) }],
  };
}

/**
 * Namespace and pods stand in one item: in two they would mean "or". Ports are the pods', as most networks judge; a
 * service without any gets no opening, because no port would mean every port.
 */
function openings(answers: RouteAnswers, target: Target, ports: readonly AnsweredPort[]): Json[] {
  const open = ports.flatMap(({ name: port, protocol }) => {
    const number = target.numbers[port];
    return number === undefined ? [] : [{ port: number, protocol: transport(protocol) }];
  });
  if (open.length === 0) return [];
  const to = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': target.env } },
    podSelector: { matchLabels: { 'microstax.dev/service': target.service } },
  };
  return [policy(answers, { to: [to], ports: open })];
}

function policy({ env, service: name }: RouteAnswers, egress: Json): Json {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `open-${name}`, namespace: env, labels: labels(env, name) },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [egress] },
  };
}

function labels(env: string, service: string) {
  return { 'microstax.dev/environment': env, 'microstax.dev/service': service };
}

function transport(protocol: AnsweredPort['protocol']): 'UDP' | 'TCP' {
  return protocol === 'udp' ? 'UDP' : 'TCP';
}
