import type { Digest } from './digest.ts';
import type { ExternalAddress } from './external-address.ts';
import type { EnvironmentMode } from './revision.ts';
import type { ServiceSpec } from './service-spec.ts';

/** `(environment, service, spec digest)`: who could provide a service. */
export type Provider = { readonly env: string; readonly service: string; readonly specDigest: Digest };

/** Tier order of design 5.4; the first and the last are decided by planner and resolver. */
export type RemoteTier = 'explicit provider mapping' | 'inherited ancestor' | 'baseline' | 'shared provider pool';

export type Candidate = Provider & {
  readonly tier: RemoteTier;
  /** Where it is no environment: then `env` is the text of this address, which no environment can be called by. */
  readonly external?: ExternalAddress;
  readonly eligible: boolean;
  /** Why it is or is not eligible. */
  readonly reason: string;
  /**
   * Closed set for ineligible ones: removed-here, not-declared, foreign-organisation, too-deep, residency, no-spec,
   * sharing-denied, port-missing, protocol-mismatch, contract-incompatible, labels-differ, pool-full, not-what-runs.
   */
  readonly code?: string;
};

export type ComposedService = {
  readonly name: string;
  readonly identity: string;
  /** The nearest environment that added or changed it; for `removed` the environment that took it away. */
  readonly owner: string;
  readonly removed: boolean;
  /** The effective spec; for a removed service the one it had in the parent. */
  readonly spec: ServiceSpec;
  readonly specDigest: Digest;
  /** All remote candidates in tier order. */
  readonly candidates: readonly Candidate[];
  /** The one remote alternative: the first eligible candidate, or null. */
  readonly remote: Candidate | null;
};

/**
 * For every service of the effective graph: owner, candidates, the one remote alternative. Reads declarations only,
 * never readiness, so it does not depend on timing. Sorted by name.
 */
export type Composition = {
  readonly env: string;
  readonly mode: EnvironmentMode;
  /** The root of the lineage; the environment itself where it is a root. */
  readonly root: string;
  /** Nearest first. */
  readonly ancestors: readonly string[];
  /** The root's own words, which count for every environment under it (protocol 6 and 15). */
  readonly rootRouting: { readonly headerName: string; readonly unknown: 'baseline' | 'deny' };
  readonly derivation: Digest;
  readonly services: readonly ComposedService[];
};
