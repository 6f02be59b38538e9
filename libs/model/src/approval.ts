import type { Digest } from './digest.ts';
import type { Finding } from './finding.ts';

/** What the validator found about one activation's artifacts. */
export type FindingsReport = {
  readonly org: string;
  readonly env: string;
  readonly engine: string;
  readonly plan: Digest;
  readonly resolution: Digest;
  readonly findings: readonly Finding[];
};

/** The leave to claim. It names everything it judged; the claim checks that all of it is recorded (protocol 16). */
export type Approval = {
  readonly org: string;
  readonly env: string;
  readonly engine: string;
  readonly derivation: Digest;
  readonly plan: Digest;
  readonly resolution: Digest;
  readonly findings: Digest;
  /** Keys that must be nobody else's under the root: `route:<root>/<header>=<value>`; sorted. */
  readonly uniqueKeys: readonly string[];
};
