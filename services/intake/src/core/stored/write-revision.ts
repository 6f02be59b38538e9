import { addressText, type ExternalAddress } from '@microstax/model/external-address';
import type { ProbeSpec } from '@microstax/model/probe-spec';
import type { Revision, RoutingSpec, ServiceDeclaration } from '@microstax/model/revision';
import type { DependencySpec, ResourcesSpec, SecretSpec, ServiceSpec } from '@microstax/model/service-spec';
import type { VolumeSpec } from '@microstax/model/volume-spec';

type Written = Readonly<Record<string, unknown>>;

/**
 * A revision as the Blueprint that says all of it: read again, it is the same revision. What only its name stands for
 * (the context value of an environment that is called so) is left out, so that it may be read under another name.
 */
export function writeRevision(revision: Revision): Written {
  return Object.assign({}, ...parts(revision, revisionWriters)) as Written;
}

/**
 * One writer per member: a member that nobody writes would be lost between two readings, so the compiler asks for it.
 * `undefined` and absent members are left out.
 */
type Writers<T> = { readonly [Member in keyof Required<T>]: (value: NonNullable<T[Member]>, whole: T) => Written };

function parts<T extends object>(value: T, writers: Writers<T>): Written[] {
  return (Object.keys(writers) as (keyof T)[]).flatMap((member) => {
    const stated = value[member];
    return stated === undefined || stated === null ? [] : [writers[member](stated as NonNullable<T[keyof T]>, value)];
  });
}

const nothing = (): Written => ({});
const as =
  (key: string) =>
  (value: unknown): Written => ({ [key]: value });

const revisionWriters: Writers<Revision> = {
  org: nothing,
  env: nothing,
  project: as('project'),
  mode: nothing, // with routing
  parent: nothing, // with routing
  description: as('description'),
  labels: as('labels'),
  services: (services) => ({ services: Object.fromEntries(services.map(writeDeclaration)) }),
  routing: (routing, revision) => ({ routing: writeRouting(routing, revision) }),
  budget: ({ microsPerHour }) => ({ budget: { perHour: microsPerHour / 1_000_000 } }),
  residency: as('residency'),
  ttlSeconds: as('ttl'),
  autoShutdown: ({ delaySeconds }) => ({ autoShutdownEnabled: true, autoShutdownDelayMinutes: delaySeconds / 60 }),
  snapshot: ({ from: { env, name }, sanitise, unclassified, ...rest }) => ({
    snapshot: {
      from: name === undefined ? env : `${env}/${name}`,
      ...rest,
      ...(sanitise === undefined ? {} : { sanitise: { ...sanitise, ...(unclassified && { unclassified }) } }),
    },
  }),
  seeds: as('seeds'),
};

function writeRouting(routing: RoutingSpec, { env, mode, parent }: Revision): Written {
  return {
    mode,
    ...(parent === undefined ? {} : { baselineId: parent.env, track: parent.link }),
    ...(Object.assign(
      {},
      ...parts(routing, { ...routingWriters, value: (value) => (value === env ? {} : { overlayId: value }) }),
    ) as Written),
  };
}

const routingWriters: Writers<RoutingSpec> = {
  value: as('overlayId'),
  headerName: as('headerName'),
  propagateHeader: as('propagateHeader'),
  unknown: as('unknown'),
  providers: (providers, { externals = {} }) => ({
    providers: { ...providers, ...mapValues(externals, writeExternal) },
  }),
  externals: nothing, // with providers
  pools: (pools, { poolTerms = {} }) => ({
    pools: pools.map((environment) => ({
      environment,
      ...(Object.hasOwn(poolTerms, environment) ? poolTerms[environment] : {}),
    })),
  }),
  poolTerms: nothing, // with pools
  parentMoved: as('parentMoved'),
  front: as('front'),
};

function writeExternal({ portName, protocol, region, ...address }: ExternalAddress): Written {
  return { external: addressText(address), protocol, port: portName, ...(region === undefined ? {} : { region }) };
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => Written): Written {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function writeDeclaration(declaration: ServiceDeclaration): readonly [string, Written] {
  if (declaration.kind === 'remove') return [declaration.name, { remove: true }];
  const { name, formerNames, spec } = declaration;
  return [name, Object.assign({}, ...parts(spec, serviceWriters), { formerNames }) as Written];
}

const serviceWriters: Writers<ServiceSpec> = {
  name: nothing, // the key
  run: as('run'),
  image: as('image'),
  command: as('command'),
  workingDir: as('workingDir'),
  user: as('user'),
  security: as('security'),
  args: as('args'),
  ports: as('ports'),
  env: as('env'),
  secrets: (secrets) => ({ secrets: secrets.map(writeSecret) }),
  resources: (resources) => ({ resources: writeResources(resources) }),
  replicas: as('replicas'),
  probes: (probes) => ({
    probes: Object.fromEntries(Object.entries(probes).map(([name, probe]) => [name, writeProbe(probe)])),
  }),
  volumes: (volumes) => ({ volumes: volumes.map(writeVolume) }),
  mocks: as('mocks'),
  init: as('init'),
  contract: as('contract'),
  expose: as('expose'),
  stateful: as('stateful'),
  sharing: (inherit) => ({ sharing: { inherit } }),
  dependsOn: (dependencies) => ({ dependsOn: dependencies.map((one: DependencySpec) => ({ ...one })) }),
  description: as('description'),
  labels: as('labels'),
};

function writeSecret(secret: SecretSpec): Written {
  const { name, envKey } = secret;
  if (secret.source === 'auto-generated') return { name, envKey, value: 'auto-generated' };
  return { name, envKey, ref: `${secret.secret}/${secret.key}` };
}

function writeResources({ cpuMillicores, memoryBytes, storageBytes, limits }: ResourcesSpec): Written {
  return {
    cpu: `${cpuMillicores}m`,
    memory: memoryBytes,
    storage: storageBytes,
    ...(limits === undefined
      ? {}
      : {
          limits: {
            ...(limits.cpuMillicores === undefined ? {} : { cpu: `${limits.cpuMillicores}m` }),
            ...(limits.memoryBytes === undefined ? {} : { memory: limits.memoryBytes }),
          },
        }),
  };
}

function writeProbe({ check, initialDelaySeconds, periodSeconds, timeoutSeconds, ...counts }: ProbeSpec): Written {
  const { kind, ...looksAt } = check;
  return {
    [kind]: looksAt,
    initialDelay: initialDelaySeconds,
    period: periodSeconds,
    timeout: timeoutSeconds,
    ...counts,
  };
}

function writeVolume({ sizeBytes, ...volume }: VolumeSpec): Written {
  return { ...volume, ...(sizeBytes === undefined ? {} : { size: sizeBytes }) };
}
