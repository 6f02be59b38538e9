import type { ExternalAddress } from './external-address.ts';
import type { ServiceSpec } from './service-spec.ts';

export type EnvironmentMode = 'isolated' | 'baseline' | 'overlay';
export type LinkKind = 'tracking' | 'pinned';

export type ServiceDeclaration =
  | {
      readonly kind: 'run';
      readonly name: string;
      readonly identity: string;
      readonly formerNames: readonly string[];
      readonly spec: ServiceSpec;
    }
  /** The overlay takes the service away. */
  | { readonly kind: 'remove'; readonly name: string };

export type PoolTerms = {
  /** At most so many environments may hold something of it, this one included. */
  readonly capacity?: number;
  /** Labels that its Blueprint must have. */
  readonly labels?: Readonly<Record<string, string>>;
};

export type RoutingSpec = {
  /** The value of `msx-env` that selects this environment: `overlayId`, by default the name. */
  readonly value: string;
  /** A baseline's or isolated environment's header; absent on an overlay, whose baseline's counts (protocol 15). */
  readonly headerName?: string;
  readonly propagateHeader: boolean;
  /** What an unknown or expired context meets; a baseline's and isolated environment's only (protocol 6). */
  readonly unknown?: 'baseline' | 'deny';
  /** Explicit mapping: service name to the environment that provides it. */
  readonly providers: Readonly<Record<string, string>>;
  /** Explicit mapping to what is no environment; absent where none is. A service stands here or in `providers`. */
  readonly externals?: Readonly<Record<string, ExternalAddress>>;
  /** Environments that may provide what nobody in the lineage does, sorted. */
  readonly pools: readonly string[];
  /** What is asked of pools, by environment; absent where nothing is. */
  readonly poolTerms?: Readonly<Record<string, PoolTerms>>;
  /** An overlay's only: what a moved parent would make of it is previewed, and taken on request. Absent: it follows. */
  readonly parentMoved?: 'preview';
  /** A root's only: a listener may be put before what others manage. Absent: denied. */
  readonly front?: 'allow';
};

/** Micro-dollars an hour. */
export type BudgetSpec = { readonly microsPerHour: number };

/** Where the environment is, and which regions its providers may be in (absent: any). `allowed` is sorted. */
export type ResidencySpec = { readonly region?: string; readonly allowed?: readonly string[] };

/** What becomes of the values of a column; `keep` says that they may be seen. */
export type Sanitising = 'keep' | 'mask' | 'hash' | 'fake' | 'redact' | 'nullify';

/** Data that the environment starts with, taken from another one. */
export type SnapshotSpec = {
  readonly from: { readonly env: string; readonly name?: string };
  /** Sorted; absent: every stateful service. */
  readonly services?: readonly string[];
  /** `<table>.<column>` to what becomes of its values. */
  readonly sanitise?: Readonly<Record<string, Sanitising>>;
  /** Columns that `sanitise` does not name are kept; absent: they are refused where `sanitise` is there. */
  readonly unclassified?: 'allow';
};

export type SeedSpec = {
  readonly name: string;
  readonly version?: string;
  /** Sorted; absent: every stateful service. */
  readonly services?: readonly string[];
};

/**
 * One immutable, canonical state of an environment's own declarations. Its digest (kind `revision`) is its id.
 * `services` is sorted by name.
 */
export type Revision = {
  readonly org: string;
  readonly env: string;
  readonly project: string;
  readonly mode: EnvironmentMode;
  /** Present exactly when mode is `overlay`. */
  readonly parent?: { readonly env: string; readonly link: LinkKind };
  readonly description?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly services: readonly ServiceDeclaration[];
  readonly routing: RoutingSpec;
  readonly budget?: BudgetSpec;
  readonly residency?: ResidencySpec;
  /** The environment is deleted that long after its Blueprint was last accepted. */
  readonly ttlSeconds?: number;
  /** Absent: it runs until somebody stops it. */
  readonly autoShutdown?: { readonly delaySeconds: number };
  readonly snapshot?: SnapshotSpec;
  /** In the order they are applied. */
  readonly seeds?: readonly SeedSpec[];
};
