import { defaultOrg } from '@microstax/model/names';
import { defaultDriver, driverNames } from '@microstax/model/runtime-fact';
import {
  ConfigError,
  type Env,
  readBoolean,
  readDurationMs,
  readInteger,
  readOptionalString,
  readString,
} from '@microstax/service/env';
import type { HostEnvironment } from './shell/driver/start-process.ts';

export type RuntimeConfig = {
  readonly natsUrl: string;
  readonly logLevel: string;
  readonly otlpEndpoint?: string;
  /** The organisation whose estate is taken up at start. */
  readonly org: string;
  /** Logs, secrets, data and records of processes. */
  readonly dataDir: string;
  /** What `run.cwd` of a Blueprint is relative to. */
  readonly workDir: string;
  /** Where packages of seeds are. */
  readonly seedsDir: string;
  /** What every started program gets of our environment. */
  readonly host: HostEnvironment;
  readonly limits: RuntimeLimits;
  readonly driver: DriverConfig;
  /** Whether an orderly end stops the processes (protocol 24); a cluster's workloads go on by default. */
  readonly endInstancesOnDispose: boolean;
};

/** Where environments run. */
export type DriverConfig =
  | { readonly kind: 'process' }
  | {
      readonly kind: 'kubernetes';
      /** Absent: the cluster that this process runs in, else the user's own kubeconfig. */
      readonly kubeconfig?: string;
      /** Pods of it may ask every instance: a router or gateway in the cluster. */
      readonly gatewayNamespace: string;
      /** Where a router outside of the cluster asks from. */
      readonly routerCidrs: readonly string[];
      /** How long one call of the API may take; what became of it then is read back. */
      readonly callTimeoutMs: number;
    };

export type RuntimeLimits = {
  /** Jobs under way at once in one execution; `await` jobs do not count. */
  readonly maxParallel: number;
  /** An owner that could not renew for this long starts nothing more (protocol 22). */
  readonly leaseMs: number;
  /** How often what serves is looked at (protocol 24). */
  readonly observeMs: number;
  /** How long removals wait for requests under way (protocol 25). */
  readonly drainMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly stopGraceMs: number;
  /** How long a program may take until every port accepts a connection (protocol 6); 2 min where an image is pulled. */
  readonly readyMs: number;
  /** How long a router may take to confirm a table. */
  readonly confirmMs: number;
};

/** Reads what the runtime is started with. Throws `ConfigError` on a setting that nobody can act on. */
export function readRuntimeConfig(env: Env): RuntimeConfig {
  const driver = driverConfig(env);
  const otlpEndpoint = readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
    org: readString(env, 'MSX_ORG', defaultOrg),
    dataDir: readString(env, 'MSX_DATA', '.msx'),
    workDir: readString(env, 'MSX_WORKDIR', '.'),
    seedsDir: readString(env, 'MSX_SEEDS', 'seeds'),
    host: hostEnvironment(env),
    limits: {
      maxParallel: readInteger(env, 'MSX_MAX_PARALLEL', 4, { min: 1, max: 256 }),
      leaseMs: readDurationMs(env, 'MSX_LEASE', 15_000),
      observeMs: readDurationMs(env, 'MSX_OBSERVE', 10_000),
      drainMs: readDurationMs(env, 'MSX_DRAIN', 10_000),
      stopGraceMs: readDurationMs(env, 'MSX_STOP_GRACE', 10_000),
      readyMs: readDurationMs(env, 'MSX_READY', driver.kind === 'process' ? 30_000 : 120_000),
      confirmMs: readDurationMs(env, 'MSX_CONFIRM', 5_000),
    },
    driver,
    endInstancesOnDispose: readBoolean(env, 'MSX_END_INSTANCES', driver.kind === 'process'),
  };
}

function driverConfig(env: Env): DriverConfig {
  const name = readString(env, 'MSX_DRIVER', defaultDriver);
  if (name === 'process') return { kind: 'process' };
  if (name !== 'kubernetes')
    throw new ConfigError(`Cannot read MSX_DRIVER: found "${name}", allowed are ${driverNames.join(', ')}`);
  const kubeconfig = readOptionalString(env, 'KUBECONFIG');
  const cidrs = readOptionalString(env, 'MSX_KUBE_ROUTER_CIDRS') ?? '';
  return {
    kind: 'kubernetes',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    gatewayNamespace: readString(env, 'MSX_KUBE_GATEWAY_NAMESPACE', 'microstax'),
    callTimeoutMs: readDurationMs(env, 'MSX_KUBE_TIMEOUT', 15_000),
    routerCidrs: cidrs.split(',').flatMap((cidr) => (cidr.trim() === '' ? [] : [cidr.trim()])),
  };
}

function hostEnvironment(env: Env): HostEnvironment {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR'] as const;
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
