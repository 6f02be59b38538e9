import type { Composition } from '@microstax/model/composition';
import type { ListenerRecord } from '@microstax/model/journal';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import { kubernetesObjects } from '@microstax/model/routing-artifacts/kubernetes';
import { type RouteAnswers, routeAnswers } from '@microstax/model/routing-artifacts/route-answers';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { workloadJobs } from '../instances.ts';
import { frontedName, frontPolicy } from './fronted-name.ts';
import type { KubeObject } from './kube-object.ts';
import { labelsOf, marks, type Place } from './marks.ts';
import { objectName } from './object-name.ts';
import { object, providingPolicy } from './place-objects.ts';
import { servicePorts } from './service-ports.ts';
import type { PortNumbers } from './words.ts';
import { instanceSelector } from './workload-objects.ts';

export type Naming = {
  readonly place: Place;
  readonly plan: Plan;
  readonly resolution: Resolution;
  readonly composition: Composition;
  /** The instance that answers for each service that runs here. */
  readonly wanted: ReadonlyMap<string, string>;
  /** Where the router listens for the environment. */
  readonly listeners?: readonly ListenerRecord[];
  /** Where another environment lives; undefined where it has nothing in the cluster. */
  readonly namespaceOf: (env: string) => string | undefined;
};

export type Names = {
  /** Services that callers in the namespace know: of what runs here, and of what is inherited. */
  readonly names: readonly KubeObject[];
  /** Addresses beside the names that lead to them: the router's, and one outside that is a number. */
  readonly fronts: readonly KubeObject[];
  /** Who may ask whom, beyond the namespace. */
  readonly openings: readonly KubeObject[];
};

/**
 * The names that callers in an environment's namespace use, and the openings that go with them. A local service's name
 * leads to the instance that is wanted; an inherited one's is the bridge of the routing artifacts. Bridges are made for
 * what a local service depends on. Where pods reach the router, both lead to it, which goes by a request's context.
 */
export function nameObjects(naming: Naming): Names {
  const { place, plan, resolution, composition, wanted, listeners = [] } = naming;
  const local = workloadJobs(plan).flatMap(({ service }) => plan.specs[service] ?? []);
  const called = new Set(local.flatMap(({ dependsOn }) => dependsOn.map(({ service }) => service)));
  const specs = composition.services.map(({ spec }) => spec).filter(({ name }) => called.has(name) || wanted.has(name));
  const fronted = specs.flatMap((spec) => frontedName(place, spec, listeners) ?? []);
  const isFronted = new Set(fronted.map(({ service }) => service));
  const bridges = routeAnswers({ listener: { resolution, composition }, others: [] })
    .filter(({ service }) => called.has(service) && !wanted.has(service) && !isFronted.has(service))
    .flatMap((answers) => bridgeObjects(answers, naming));
  const reaching = frontPolicy(
    place,
    listeners.filter(({ service }) => isFronted.has(service)),
  );
  return {
    fronts: [...fronted.flatMap(({ slices }) => slices), ...bridges.filter(({ kind }) => kind === 'EndpointSlice')],
    names: [
      ...fronted.map(({ name }) => name),
      ...local
        .filter(({ name }) => !isFronted.has(name))
        .flatMap((spec) => nameOfLocal(place, spec, wanted.get(spec.name))),
      ...bridges.filter(({ kind }) => kind === 'Service'),
    ],
    openings: [
      ...local.flatMap((spec) => providing(place, spec)),
      ...reaching,
      ...bridges.filter(({ kind }) => kind === 'NetworkPolicy'),
    ],
  };
}

/** The numbers of the ports that a service may call by name. */
export function numbersFor(spec: ServiceSpec, { services }: Pick<Composition, 'services'>): PortNumbers {
  const called = new Set([spec.name, ...spec.dependsOn.map(({ service }) => service)]);
  return Object.fromEntries(
    services
      .filter(({ name }) => called.has(name))
      .map(({ name, spec: { ports } }) => [
        name,
        Object.fromEntries(ports.map((port) => [port.name, port.containerPort])),
      ]),
  );
}

function nameOfLocal(place: Place, spec: ServiceSpec, instance: string | undefined): KubeObject[] {
  if (spec.ports.length === 0 || instance === undefined) return [];
  const selector = { [marks.service]: spec.name, ...instanceSelector(instance) };
  const content = { spec: { type: 'ClusterIP', selector, ports: servicePorts(spec.ports) } };
  return [object(place, 'Service', objectName(spec.name), 'name', content, spec.name)];
}

function providing(place: Place, { name, ports, sharing }: ServiceSpec): KubeObject[] {
  if (sharing === 'deny' || ports.length === 0) return [];
  const open = ports.map(({ containerPort, protocol }) => ({
    port: containerPort,
    protocol: protocol === 'udp' ? 'UDP' : 'TCP',
  }));
  return [providingPolicy(place, name, open)];
}

/** What a cluster goes by to find the addresses of a Service. */
const ofService = 'kubernetes.io/service-name';

function kept({ kind, metadata }: KubeObject): Readonly<Record<string, string>> {
  return kind === 'EndpointSlice' ? (metadata.labels ?? {}) : {};
}

// The artifacts call a namespace as its environment; where one had to be called otherwise, its real name is put there.
function bridgeObjects(answers: RouteAnswers, { place, namespaceOf }: Naming): KubeObject[] {
  const { own, service } = answers;
  const target =
    own.kind === 'denied' ? own : { ...own, env: namespaceOf(own.env) ?? own.env, service: objectName(own.service) };
  const objects = kubernetesObjects({
    ...answers,
    env: place.namespace,
    own: target,
  }) as unknown as readonly KubeObject[];
  return objects.map((one) => {
    const part = one.kind === 'Service' ? 'name' : one.kind === 'EndpointSlice' ? 'front' : 'opening';
    const name = one.kind === 'Service' ? objectName(service) : one.metadata.name;
    const labels = labelsOf(place, part, service);
    if (part === 'front') labels[ofService] = objectName(service);
    return { ...one, metadata: { ...one.metadata, name, labels: { ...kept(one), ...labels } } };
  });
}
