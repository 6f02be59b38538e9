import type { ProbeCheck, ProbeName } from './probe-spec.ts';
import type { InitSpec, MockSpec, PortProtocol, SecretSpec } from './service-spec.ts';
import type { VolumeType } from './volume-spec.ts';

/** What a Blueprint may ask of a runtime, by the field that asks. What every runtime must do has no word here. */
export type RuntimeFeature =
  | 'run'
  | 'image'
  | 'replicas'
  | 'stateful'
  | 'limits'
  | 'security'
  | `ports.${PortProtocol}`
  | `secrets.${SecretSpec['source']}`
  | `probes.${ProbeName}.${ProbeCheck['kind']}`
  | `volumes.${VolumeType}`
  | `mocks.${MockSpec['mode']}`
  | `init.${InitSpec['type']}`
  | 'ttl'
  | 'autoShutdown'
  | 'snapshot'
  | 'seeds'
  | 'front'
  | 'context-stops-here';

/** Which driver a derivation is executed by, and what it realises (sorted). */
export type RuntimeFact = { readonly driver: string; readonly realises: readonly RuntimeFeature[] };

/** Local processes behind the router. Probes are asked until they pass for the first time, which routes wait for. */
const processFeatures: readonly RuntimeFeature[] = [
  'autoShutdown',
  'front', // a permission: there is nobody else whose services could be fronted
  'ports.grpc',
  'ports.http',
  'ports.tcp',
  'probes.readiness.http',
  'probes.readiness.tcp',
  'probes.startup.http',
  'probes.startup.tcp',
  'replicas',
  'run',
  'secrets.auto-generated',
  'seeds',
  'snapshot',
  'stateful',
  'ttl',
];

/** Pods of a cluster. What a pod of the restricted standard may not do is refused with its reason where it is started. */
const kubernetesFeatures: readonly RuntimeFeature[] = [
  'image',
  'limits',
  'ports.grpc',
  'ports.http',
  'ports.tcp',
  ...(['liveness', 'readiness', 'startup'] as const).flatMap((name) =>
    (['exec', 'grpc', 'http', 'tcp'] as const).map((kind) => `probes.${name}.${kind}` as const),
  ),
  'replicas',
  'secrets.auto-generated',
  'secrets.reference',
  'security',
  'stateful',
  'ttl',
  'volumes.config',
  'volumes.empty',
  'volumes.pvc',
  'volumes.secret',
];

const drivers: Readonly<Record<string, readonly RuntimeFeature[]>> = {
  process: processFeatures,
  kubernetes: kubernetesFeatures,
};

/**
 * How many workload jobs one service has: a cluster's own controller makes the replicas of one object, local processes are
 * started one by one.
 */
export function workloadJobsOf(fact: RuntimeFact | undefined, replicas: number | undefined): number {
  return fact?.driver === defaultDriver ? (replicas ?? 1) : 1;
}

export const defaultDriver = 'process';

/** The drivers that a graph may be told of. */
export const driverNames: readonly string[] = Object.keys(drivers);

/** What a driver realises; undefined where there is none of that name. */
export function runtimeFactOf(driver: string): RuntimeFact | undefined {
  const realises = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined;
  return realises === undefined ? undefined : { driver, realises };
}
