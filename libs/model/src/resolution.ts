import type { RemoteTier } from './composition.ts';
import type { Digest } from './digest.ts';
import type { ExternalAddress } from './external-address.ts';
import type { Finding } from './finding.ts';
import type { PortProtocol } from './service-spec.ts';

export type Tier = 'local overlay' | RemoteTier | 'denied';

/** One tier that was asked, in order, and why it did or did not answer. */
export type TierTried = {
  readonly tier: Tier;
  readonly env?: string;
  readonly answered: boolean;
  readonly reason: string;
};

/** Who answers: a service of an environment, or an address that a Blueprint names. Where instances are, nobody says here. */
export type LogicalTarget =
  | { readonly env: string; readonly service: string }
  | { readonly external: Omit<ExternalAddress, 'region'> };

/**
 * For (environment, service): the tier that answered, the logical target, every tier tried before it.
 * Holds no address and no generation, so an unchanged service keeps its bytes (design 5.4).
 */
export type ResolvedRecord = {
  readonly env: string;
  readonly service: string;
  readonly identity: string;
  readonly tier: Tier;
  /** null exactly when tier is `denied`. */
  readonly target: LogicalTarget | null;
  /** Where denied: `removed`, `no-provider`, `not-wanted`, … */
  readonly code?: string;
  readonly ports: readonly { readonly name: string; readonly protocol: PortProtocol }[];
  readonly tried: readonly TierTried[];
};

/** How requests with this environment's context are told, and what happens to those with none or an unknown one. */
export type RouteContext = {
  readonly value: string;
  readonly headerName: string;
  readonly unknown: 'baseline' | 'deny';
  readonly root: string;
  readonly parent: string | null;
};

/** One record per service, sorted by service. */
export type Resolution = {
  readonly org: string;
  readonly env: string;
  readonly engine: string;
  readonly plan: Digest;
  readonly composition: Digest;
  readonly context: RouteContext;
  readonly records: readonly ResolvedRecord[];
  readonly findings: readonly Finding[];
};
