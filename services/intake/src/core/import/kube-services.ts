import type { Located } from '../located.ts';
import { quote } from '../quote.ts';
import type { DraftHost, DraftPort } from './draft.ts';
import type { KubeObject } from './kube-objects.ts';
import type { KubeScene } from './kube-scene.ts';
import { asInteger, asList, asMap, asText, child } from './nodes.ts';
import { addPort, otherTransport, portName } from './ports.ts';
import { hintOfName } from './protocol-hints.ts';

export type Reached = { readonly hosts: readonly DraftHost[]; readonly exposed: boolean };

/**
 * The Services that select a workload: the names that it is reached by, their ports, and whether callers from outside
 * reach it. Ports that only a Service names are added to `ports`.
 */
export function reachedBy(workload: KubeObject, ports: DraftPort[], scene: KubeScene): Reached {
  const services = scene.selecting.get(workload) ?? [];
  const hosts: DraftHost[] = [];
  let exposed = false;
  for (const service of services) {
    const path = `Service/${service.name}`;
    const spec = child(service.node, 'spec');
    scene.ledger.carry(child(spec, 'selector'));
    carrySameLabels(service, workload, scene);
    exposed = isOutward(spec, path, scene) || exposed;
    const leads = new Map<number, number>();
    asList(child(spec, 'ports'), `${path}.spec.ports`, scene).forEach((item, index) => {
      const lead = servicePort(item, `${path}.spec.ports.${index}`, ports, scene);
      if (lead !== undefined) leads.set(lead.from, lead.to);
    });
    hosts.push({ host: service.name.toLowerCase(), namespace: service.namespace, ports: leads });
    exposed = hasIngress(service, scene) || exposed;
  }
  return { hosts, exposed };
}

/** Which Services select each workload. A Service is looked for under one of its labels only, so none meets all workloads. */
export function selectingServices(objects: readonly KubeObject[], workloads: readonly KubeObject[]): Selecting {
  const labelled = new Map<string, { readonly workload: KubeObject; readonly labels: ReadonlyMap<string, string> }[]>();
  for (const workload of workloads) {
    const labels = labelsOf(workload);
    for (const [key, value] of labels) {
      const place = `${workload.namespace} ${key} ${value}`;
      labelled.set(place, [...(labelled.get(place) ?? []), { workload, labels }]);
    }
  }
  const selecting = new Map<KubeObject, KubeObject[]>();
  for (const service of objects) {
    if (service.kind !== 'Service') continue;
    const first = selectorOf(service)[0];
    const near = first === undefined ? [] : (labelled.get(`${service.namespace} ${first[0]} ${first[1]}`) ?? []);
    for (const { workload, labels } of near)
      if (selectorOf(service).every(([key, value]) => labels.get(key) === value))
        selecting.set(workload, [...(selecting.get(workload) ?? []), service]);
  }
  return selecting;
}

export type Selecting = ReadonlyMap<KubeObject, readonly KubeObject[]>;

/** Services that select nothing of the files. */
export function selectNothing({ objects, selecting }: KubeScene): KubeObject[] {
  const used = new Set([...selecting.values()].flat());
  return objects.filter((one) => one.kind === 'Service' && !used.has(one));
}

function labelsOf(workload: KubeObject): ReadonlyMap<string, string> {
  const node = child(child(child(child(workload.node, 'spec'), 'template'), 'metadata'), 'labels');
  if (node?.kind !== 'map') return new Map();
  return new Map(
    [...node.entries].flatMap(([key, entry]) =>
      entry.node.kind === 'scalar' ? [[key, entry.node.source] as const] : [],
    ),
  );
}

function selectorOf(service: KubeObject): (readonly [string, string])[] {
  const selector = child(child(service.node, 'spec'), 'selector');
  if (selector?.kind !== 'map') return [];
  return [...selector.entries].map(([key, { node }]) => [key, node.kind === 'scalar' ? node.source : ''] as const);
}

/** Labels of a Service that its workload has too are carried with that one. */
function carrySameLabels(service: KubeObject, workload: KubeObject, { ledger }: KubeScene): void {
  const own = child(child(service.node, 'metadata'), 'labels');
  const carried = child(child(workload.node, 'metadata'), 'labels');
  if (own?.kind !== 'map') return;
  for (const [key, { node }] of own.entries) {
    const other = child(carried, key);
    if (node.kind === 'scalar' && other?.kind === 'scalar' && node.source === other.source) ledger.carry(node);
  }
}

function isOutward(spec: Located | undefined, path: string, scene: KubeScene): boolean {
  const type = asText(child(spec, 'type'), `${path}.spec.type`, scene) ?? 'ClusterIP';
  scene.ledger.carry(child(spec, 'type'));
  const address = child(spec, 'clusterIP');
  if (address?.kind === 'scalar' && address.source === 'None') scene.ledger.carry(address);
  return type === 'NodePort' || type === 'LoadBalancer';
}

function servicePort(
  item: Located,
  path: string,
  ports: DraftPort[],
  scene: KubeScene,
): { from: number; to: number } | undefined {
  const from = asInteger(child(item, 'port'), `${path}.port`, scene, { min: 1, max: 65_535 });
  if (from === undefined) {
    if (child(item, 'port') === undefined)
      scene.complaints.add({ code: 'missing-key', path, at: item.at, reason: '"port" is missing' });
    return undefined;
  }
  const name = asText(child(item, 'name'), `${path}.name`, scene);
  const target = asText(child(item, 'targetPort'), `${path}.targetPort`, scene);
  const transport = asText(child(item, 'protocol'), `${path}.protocol`, scene);
  const application = asText(child(item, 'appProtocol'), `${path}.appProtocol`, scene);
  const to =
    target === undefined
      ? from
      : /^\d+$/.test(target)
        ? Number(target)
        : ports.find((one) => one.name === portName(target))?.containerPort;
  if (to === undefined || to < 1 || to > 65_535) {
    scene.ledger.drop(item, `no container that is carried has the port ${quote(target ?? '')}`);
    return undefined;
  }
  const hints = [
    ...(transport === 'UDP' ? [{ protocol: 'udp', because: 'the Service says UDP' } as const] : []),
    ...(application === undefined ? [] : hintOfName(application, `appProtocol ${application} of the Service`)),
    ...(name === undefined ? [] : hintOfName(name, `the Service calls the port ${name}`)),
  ];
  const declared = ports.find((one) => one.containerPort === to);
  const free = portName(name);
  const own = free !== undefined && ports.every((one) => one.name !== free) ? free : undefined;
  const port = { containerPort: to, name: own, at: item.at, hints, inferred: false };
  if (!addPort(ports, port) && transport === 'UDP') scene.ledger.drop(item, otherTransport);
  if (declared !== undefined && declared.name === undefined && own !== undefined)
    ports[ports.indexOf(declared)] = { ...declared, name: own };
  scene.ledger.carry(
    child(item, 'port'),
    child(item, 'name'),
    child(item, 'targetPort'),
    child(item, 'protocol'),
    child(item, 'appProtocol'),
  );
  return { from, to };
}

/** Whether an Ingress leads to the Service. */
function hasIngress(service: KubeObject, scene: KubeScene): boolean {
  let found = false;
  for (const ingress of scene.objects) {
    if (ingress.kind !== 'Ingress' || ingress.namespace !== service.namespace) continue;
    const path = `Ingress/${ingress.name}`;
    const spec = child(ingress.node, 'spec');
    const routes = asList(child(spec, 'rules'), `${path}.spec.rules`, scene).flatMap((rule) =>
      asList(child(child(rule, 'http'), 'paths'), `${path}.spec.rules`, scene),
    );
    const backends = [
      child(spec, 'defaultBackend') ?? child(spec, 'backend'),
      ...routes.map((route) => child(route, 'backend')),
    ];
    for (const backend of backends) {
      const node = child(child(backend, 'service'), 'name') ?? child(backend, 'serviceName');
      if (asText(node, path, scene) !== service.name) continue;
      found = true;
      scene.ledger.carry(backend);
    }
  }
  return found;
}

/** What an Ingress leads to that is not in the files. */
export function strayBackends(
  scene: KubeScene,
): { readonly path: string; readonly name: string; readonly at: number }[] {
  const services = new Set(
    scene.objects.filter(({ kind }) => kind === 'Service').map(({ namespace, name }) => `${namespace} ${name}`),
  );
  return scene.objects.flatMap((ingress) => {
    if (ingress.kind !== 'Ingress') return [];
    const path = `Ingress/${ingress.name}`;
    const rules = asList(child(child(ingress.node, 'spec'), 'rules'), `${path}.spec.rules`, scene);
    return rules.flatMap((rule) =>
      asList(child(asMap(child(rule, 'http'), path, scene), 'paths'), path, scene).flatMap((route) => {
        const node = child(child(child(route, 'backend'), 'service'), 'name');
        const name = node?.kind === 'scalar' ? node.source : undefined;
        if (node === undefined || name === undefined || services.has(`${ingress.namespace} ${name}`)) return [];
        return [{ path, name, at: node.at }];
      }),
    );
  });
}
