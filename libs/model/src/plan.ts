import type { Wanted } from './derivation.ts';
import type { Digest } from './digest.ts';
import type { ExternalAddress } from './external-address.ts';
import type { Finding } from './finding.ts';
import type { PortProtocol, ServiceSpec } from './service-spec.ts';

export type PlacementKind = 'local' | 'inherited' | 'shared' | 'external' | 'denied';

/** Why a placement is what it is; the first reason decided. Codes are a closed set, see services/planner. */
export type PlacementReason = { readonly code: string; readonly text: string; readonly because?: readonly string[] };

export type Placement = {
  readonly service: string;
  readonly identity: string;
  readonly kind: PlacementKind;
  /** Requests that arrive here must carry the context. */
  readonly carriesContext: boolean;
  readonly specDigest: Digest;
  /** `runDigest` of the spec: what a local instance must be. */
  readonly runDigest: Digest;
  /** Where it is remote: the provider that answers. */
  readonly provider?: { readonly env: string; readonly service: string; readonly specDigest: Digest };
  /** Where it is remote and no environment: the address that answers. Nobody awaits or holds it. */
  readonly external?: ExternalAddress;
  /** Where it is denied: the code that records repeat, e.g. `removed`, `no-provider`, `not-wanted`. */
  readonly code?: string;
  readonly reasons: readonly PlacementReason[];
  /** Micro-dollars an hour: 0 unless local. */
  readonly costMicrosPerHour: number;
};

/** An edge that must carry the context, its carrier and why; or one that cannot and what follows. */
export type ContextEdge = {
  readonly from: string;
  readonly to: string;
  readonly protocol: PortProtocol;
  readonly carrier: 'baggage' | 'header' | 'stamped by the listener' | 'none';
  readonly required: boolean;
  readonly reason: string;
};

/** A port that the router listens on for this environment (protocol 26): exposed, or depended on by a local service. */
export type PlannedListener = {
  readonly service: string;
  readonly port: string;
  readonly protocol: PortProtocol;
  /** The declared port of an exposed service of a root, asked for where it is free (protocol 27); else null. */
  readonly preferredPort: number | null;
  readonly reason: string;
};

export type JobKind =
  | 'await'
  | 'scope'
  | 'secret'
  | 'workload'
  | 'readiness'
  | 'restore'
  | 'seed'
  | 'routes'
  | 'removals';

/**
 * One step of a plan: what must exist, by digest, and after what. Its id is deterministic:
 * `<kind>` or `<kind>:<service>`, `await:<env>/<service>`, `seed:<service>/<seed>`.
 */
export type Job = {
  readonly id: string;
  readonly kind: JobKind;
  readonly service?: string;
  /** await: the provider awaited. */
  readonly provider?: { readonly env: string; readonly service: string; readonly specDigest: Digest };
  /** workload, readiness: what must run. The spec travels in `specs`. */
  readonly runDigest?: Digest;
  /** workload, readiness: which of several instances of the service, from 2 on; absent: the first. */
  readonly replica?: number;
  /** restore, seed: which data is applied, see data-step.ts. */
  readonly reference?: string;
  /** Ids of jobs that must be done before; sorted. */
  readonly after: readonly string[];
  readonly reason: string;
};

/** A step that was considered and left out, and why. */
export type OmittedJob = {
  readonly id: string;
  readonly kind: string;
  readonly service?: string;
  readonly reason: string;
};

/** One line of the cost; `micros = Σ quantity × price` in integers, rounded half up once per term. */
export type CostTerm = {
  readonly service: string;
  readonly term: 'cpu' | 'memory' | 'storage' | 'instance' | 'bridge';
  /** millicores, bytes, bytes, instances, bridges */
  readonly quantity: number;
  readonly priceMicros: number;
  readonly microsPerHour: number;
};

export type Cost = {
  readonly microsPerHour: number;
  readonly fullCopyMicrosPerHour: number;
  /** Full copy minus plan. */
  readonly savedMicrosPerHour: number;
  readonly expectedHours: number;
  /** The formula in words and symbols, complete enough to recompute every figure from `terms`. */
  readonly formula: string;
  readonly terms: readonly CostTerm[];
  readonly fullCopyTerms: readonly CostTerm[];
};

/**
 * `cheapest` minimises money alone, `balanced` also start-up, routing and the risk of shared writes, `safest` runs
 * everything that the change can reach, `isolated` everything that can run here.
 */
export type CandidateName = 'cheapest' | 'balanced' | 'safest' | 'isolated';

/** One way to place the services, solved under the same constraints as the others, and why it won or lost. */
export type PlanCandidate = {
  readonly name: CandidateName;
  readonly chosen: boolean;
  /** Whether it satisfies every requirement, policy and budget. */
  readonly feasible: boolean;
  readonly microsPerHour: number | null;
  /** Its whole price over the expected hours, weights included: what `balanced` is least in. */
  readonly objectiveMicros: number | null;
  readonly localServices: number | null;
  readonly reason: string;
};

/**
 * What runs here, what is inherited, in which order, what it costs. Holds no generation, submission or address
 * (protocol 10). `placements` sorted by service; `jobs` in a topological order that is unique for a plan.
 */
export type Plan = {
  readonly org: string;
  readonly env: string;
  readonly wanted: Wanted;
  readonly engine: string;
  readonly derivation: Digest;
  readonly difference: Digest;
  readonly composition: Digest;
  readonly placements: readonly Placement[];
  readonly contextEdges: readonly ContextEdge[];
  /** What the `scope` job asks the router for: the whole wanted set, sorted by service and port. */
  readonly listeners: readonly PlannedListener[];
  readonly jobs: readonly Job[];
  readonly omittedJobs: readonly OmittedJob[];
  /** Specs of what must run locally, by service name. */
  readonly specs: Readonly<Record<string, ServiceSpec>>;
  readonly cost: Cost;
  readonly candidates: readonly PlanCandidate[];
  readonly findings: readonly Finding[];
};
