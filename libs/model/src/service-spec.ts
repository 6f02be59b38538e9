import { type Digest, digestOf } from './digest.ts';
import type { ProbesSpec } from './probe-spec.ts';
import type { VolumeSpec } from './volume-spec.ts';

export type PortProtocol = 'http' | 'grpc' | 'tcp' | 'udp';
export type DependencyKind = 'calls' | 'publishes' | 'consumes' | 'reads' | 'writes';

export type PortSpec = { readonly name: string; readonly containerPort: number; readonly protocol: PortProtocol };

export type DependencySpec = {
  readonly service: string;
  readonly kind: DependencyKind;
  /** The name of the port called; absent where the dependency has no port. */
  readonly port?: string;
  readonly protocol: PortProtocol;
  /** Whether a request's context travels along this edge (protocol 6: `calls` over http and grpc only, unless declared). */
  readonly propagates: boolean;
  readonly required: boolean;
  /** `1.2`: what the provider's contract must satisfy (`satisfiesContract`). */
  readonly contract?: string;
};

/** A reference only: the value is generated where it is used, or exists there already, and never leaves it. */
export type SecretSpec =
  | { readonly name: string; readonly envKey: string; readonly source: 'auto-generated' }
  | {
      readonly name: string;
      readonly envKey: string;
      readonly source: 'reference';
      readonly secret: string;
      readonly key: string;
    };

/** How a local process is started; arguments are positional, no shell is involved. */
export type RunSpec = { readonly command: readonly string[]; readonly cwd: string };

/** Base units: millicores and bytes. */
export type ResourcesSpec = {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
  /** What an instance may not pass; what is requested stands above. */
  readonly limits?: { readonly cpuMillicores?: number; readonly memoryBytes?: number };
};

/** What answers in place of a service or beside it. */
export type MockSpec = {
  readonly mode: 'replace' | 'sidecar' | 'mirror';
  readonly image?: string;
  readonly run?: RunSpec;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** A step before the service starts; a script is read by the database or by a shell, a command by none. */
export type InitSpec = {
  readonly name: string;
  readonly type: 'sql' | 'command';
  readonly script?: string;
  readonly command?: readonly string[];
  readonly image?: string;
};

/** What an instance of an image may and may not do; absent members leave it to whoever runs it. */
export type SecuritySpec = {
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  /** The group that owns the files of its volumes. */
  readonly fsGroup?: number;
  /** Sorted. */
  readonly capabilities?: { readonly add: readonly string[]; readonly drop: readonly string[] };
};

/**
 * A service as declared, defaults explicit, everything sorted. The canonical bytes are its identity as a spec, so an
 * optional member is absent where nothing is declared.
 */
export type ServiceSpec = {
  readonly name: string;
  /** With neither `run` nor `image` nothing here can be run, only inherited. */
  readonly run?: RunSpec;
  /** Complete: `docker.io/acme/api:1.4`, or with a digest. */
  readonly image?: string;
  /** Replaces the image's entrypoint. */
  readonly command?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly security?: SecuritySpec;
  readonly args: readonly string[];
  readonly ports: readonly PortSpec[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretSpec[];
  readonly resources: ResourcesSpec;
  /** Absent: 1. */
  readonly replicas?: number;
  readonly probes?: ProbesSpec;
  /** Sorted by name. */
  readonly volumes?: readonly VolumeSpec[];
  readonly mocks?: MockSpec;
  /** In the order they are done. */
  readonly init?: readonly InitSpec[];
  readonly contract?: { readonly version: string };
  readonly expose: boolean;
  readonly stateful: boolean;
  readonly sharing: 'allow' | 'deny' | 'require';
  readonly dependsOn: readonly DependencySpec[];
  readonly description?: string;
  readonly labels: Readonly<Record<string, string>>;
};

/**
 * What a running instance depends on: what is started and how, its ports, environment values, secret references, probes
 * and volumes. Two specs with one run digest are served by the same process. Members that are absent change no digest.
 */
export function runDigest(spec: ServiceSpec): Digest {
  return once(runDigests, spec, (whole) => {
    const { name, run, image, command, workingDir, user, args, ports, env, secrets, stateful } = whole;
    const { probes, volumes, mocks, init, security } = whole;
    const started = { name, run, image, command, workingDir, user, args, ports, env, secrets, stateful };
    return digestOf('service-spec', { ...started, probes, volumes, mocks, init, security });
  });
}

/** The digest of the whole declaration, which providers and holds are named by. */
export function specDigest(spec: ServiceSpec): Digest {
  return once(specDigests, spec, (whole) => digestOf('service-spec', whole));
}

// A spec never changes, and one baseline's specs are asked about with every derivation below it.
const runDigests = new WeakMap<ServiceSpec, Digest>();
const specDigests = new WeakMap<ServiceSpec, Digest>();

function once(known: WeakMap<ServiceSpec, Digest>, spec: ServiceSpec, digest: (spec: ServiceSpec) => Digest): Digest {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const found = digest(spec);
  known.set(spec, found);
  return found;
}
