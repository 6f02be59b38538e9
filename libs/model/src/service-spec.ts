import { type Digest, digestOf } from './digest.ts';

export type PortProtocol = 'http' | 'grpc' | 'tcp';
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
};

/** A reference only: the value is generated where it is used and never leaves it. */
export type SecretSpec = { readonly name: string; readonly envKey: string; readonly source: 'auto-generated' };

/** How a local process is started; arguments are positional, no shell is involved. */
export type RunSpec = { readonly command: readonly string[]; readonly cwd: string };

/** Base units: millicores and bytes. */
export type ResourcesSpec = {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
};

/** A service as declared, defaults explicit, everything sorted. The canonical bytes are its identity as a spec. */
export type ServiceSpec = {
  readonly name: string;
  /** Absent: nothing here can be run, only inherited. */
  readonly run?: RunSpec;
  readonly args: readonly string[];
  readonly ports: readonly PortSpec[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretSpec[];
  readonly resources: ResourcesSpec;
  readonly expose: boolean;
  readonly stateful: boolean;
  readonly sharing: 'allow' | 'deny' | 'require';
  readonly dependsOn: readonly DependencySpec[];
  readonly description?: string;
  readonly labels: Readonly<Record<string, string>>;
};

/**
 * What a running instance depends on: command, arguments, ports, environment values and secret references.
 * Two specs with one run digest are served by the same process.
 */
export function runDigest(spec: ServiceSpec): Digest {
  return once(runDigests, spec, ({ name, run, args, ports, env, secrets, stateful }) =>
    digestOf('service-spec', { name, run, args, ports, env, secrets, stateful }),
  );
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
