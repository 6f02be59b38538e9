import type { Digest } from '@microstax/model/digest';
import type { SecretSpec, ServiceSpec } from '@microstax/model/service-spec';
import { containerProbes } from './container-probes.ts';
import type { KubeObject } from './kube-object.ts';
import { labelsOf, marks, type Place } from './marks.ts';
import { nameCharsMax, objectName, workloadNameCharsMax } from './object-name.ts';
import { object } from './place-objects.ts';
import { dataDir, hasDataDir, keepsData, podVolumes } from './pod-volumes.ts';
import { containerResources } from './quantities.ts';
import { servicePorts } from './service-ports.ts';
import { containerWords, type Filled, type PortNumbers, unexpanded } from './words.ts';

export type Workload = {
  readonly place: Place;
  /** The instance's id, as the journal has it. */
  readonly instance: string;
  readonly spec: ServiceSpec;
  readonly runDigest: Digest;
  /** Of what it may call, by name. */
  readonly numbers: PortNumbers;
};

/**
 * What one instance is, in the order in which it is made: files, claims, its workload, and the Service that is its own
 * address. An instance is a workload of its own, so that what replaces it runs beside it and leaves it as it is.
 */
export function workloadObjects(workload: Workload): Filled<readonly KubeObject[]> {
  const { place, instance, spec, numbers } = workload;
  const words = containerWords(spec, numbers, objectName);
  if (words.kind === 'unknown') return words;
  const refused = whyNot(spec);
  if (refused !== undefined) return { kind: 'unknown', reason: refused };
  const { objects, volumes, mounts } = podVolumes(place, spec, instance);
  const { command, args, env } = words.value;
  const container = {
    name: objectName(spec.name),
    image: spec.image,
    ...(command.length > 0 ? { command: command.map(unexpanded) } : {}),
    ...(args.length > 0 ? { args: args.map(unexpanded) } : {}),
    ...(spec.workingDir === undefined ? {} : { workingDir: spec.workingDir }),
    ...listed(
      'ports',
      spec.ports.map(({ containerPort, protocol }) => ({ containerPort, protocol: transport(protocol) })),
    ),
    ...listed('env', [
      ...Object.entries(env).map(([name, value]) => ({ name, value: unexpanded(value) })),
      ...(hasDataDir(spec) && env.MSX_DATA_DIR === undefined ? [{ name: 'MSX_DATA_DIR', value: dataDir }] : []),
      ...spec.secrets.map((secret) => ({ name: secret.envKey, valueFrom: { secretKeyRef: secretKey(secret) } })),
    ]),
    resources: containerResources(spec.resources, keepsData(spec)),
    securityContext: containerSecurity(spec),
    ...containerProbes(spec),
    ...listed('volumeMounts', mounts),
  };
  const template = {
    metadata: { labels: podLabels(workload), annotations: { [marks.instanceId]: instance } },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      securityContext: podSecurity(spec),
      containers: [container],
      ...listed('volumes', volumes),
    },
  };
  const own = address(workload);
  const all = [...objects, scaled(workload, template), ...(own === undefined ? [] : [own])];
  return { kind: 'filled', value: all.map((one) => markedWith(instance, one)) };
}

// Removing an instance goes by this label. A claim outlives instances.
function markedWith(instance: string, one: KubeObject): KubeObject {
  if (one.kind === 'PersistentVolumeClaim') return one;
  const { metadata } = one;
  return { ...one, metadata: { ...metadata, labels: { ...metadata.labels, ...instanceSelector(instance) } } };
}

/** The kind and name of an instance's workload. */
export function workloadName(
  spec: ServiceSpec,
  instance: string,
): { readonly kind: 'Deployment' | 'StatefulSet'; readonly name: string } {
  return { kind: keepsData(spec) ? 'StatefulSet' : 'Deployment', name: objectName(instance, workloadNameCharsMax) };
}

/** What selects an instance's pods. */
export function instanceSelector(instance: string): Readonly<Record<string, string>> {
  return { [marks.instance]: objectName(instance, nameCharsMax) };
}

/** The Service that is an instance's own address, behind which its pods may change. */
export function addressName(instance: string): string {
  return objectName(instance);
}

/** The Secret that holds a generated value, under the key `value`. */
export function secretObjectName(name: string): string {
  return objectName(`generated-${name}`);
}

export const secretValueKey = 'value';

function scaled(workload: Workload, template: object): KubeObject {
  const { place, instance, spec, runDigest } = workload;
  const { kind, name } = workloadName(spec, instance);
  const common = {
    replicas: spec.replicas ?? 1,
    revisionHistoryLimit: 2,
    selector: { matchLabels: instanceSelector(instance) },
    template,
  };
  const whole = object(
    place,
    kind,
    name,
    'workload',
    {
      spec:
        kind === 'StatefulSet'
          ? { ...common, serviceName: objectName(spec.name) }
          : { ...common, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    },
    spec.name,
  );
  const annotations = { [marks.instanceId]: instance, [marks.runDigest]: runDigest };
  return { ...whole, metadata: { ...whole.metadata, annotations } };
}

function address({ place, instance, spec }: Workload): KubeObject | undefined {
  if (spec.ports.length === 0) return undefined;
  const content = {
    spec: { type: 'ClusterIP', selector: instanceSelector(instance), ports: servicePorts(spec.ports) },
  };
  return object(place, 'Service', addressName(instance), 'address', content, spec.name);
}

function podLabels({ place, instance, spec }: Workload): Readonly<Record<string, string>> {
  return { ...labelsOf(place, 'workload', spec.name), ...instanceSelector(instance) };
}

function secretKey(secret: SecretSpec): { readonly name: string; readonly key: string } {
  return secret.source === 'reference'
    ? { name: secret.secret, key: secret.key }
    : { name: secretObjectName(secret.name), key: secretValueKey };
}

const userDefault = 65_532; // nobody in particular, as distroless images have it

function podSecurity({ user, security }: ServiceSpec) {
  const [uid = String(userDefault), gid] = user?.split(':') ?? [];
  return {
    runAsNonRoot: security?.runAsNonRoot ?? true,
    runAsUser: Number(uid),
    ...(gid === undefined ? {} : { runAsGroup: Number(gid) }),
    fsGroup: security?.fsGroup ?? userDefault,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function containerSecurity({ security }: ServiceSpec) {
  const { add = [] } = security?.capabilities ?? {};
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], ...listed('add', add) },
    ...(security?.readOnlyRootFilesystem === undefined
      ? {}
      : { readOnlyRootFilesystem: security.readOnlyRootFilesystem }),
  };
}

/** What the cluster would refuse pod by pod is said before anything is made. */
function whyNot(spec: ServiceSpec): string | undefined {
  const { name, image, user, replicas = 1 } = spec;
  if (image === undefined) return `Cannot run "${name}" in the cluster: it has no image; next: give it one`;
  if (user !== undefined && !/^[1-9]\d{0,9}(?::\d{1,10})?$/.test(user))
    return `Cannot run "${name}" as user "${user}": pods of an environment run under a number that is not 0; next: write user: "1000"`;
  if (keepsData(spec) && replicas > 1)
    return `Cannot run ${replicas} replicas of "${name}": it keeps its data in a volume that one pod mounts; next: set replicas to 1`;
  return undefined;
}

function transport(protocol: string): 'UDP' | 'TCP' {
  return protocol === 'udp' ? 'UDP' : 'TCP';
}

// Server-side apply owns an empty list too, and answers it back as nothing.
function listed(key: string, items: readonly unknown[]): Readonly<Record<string, unknown>> {
  return items.length > 0 ? { [key]: items } : {};
}
