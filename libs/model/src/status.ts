import type { Wanted } from './derivation.ts';
import type { Digest } from './digest.ts';
import type { EnvironmentMode } from './revision.ts';

export type Outcome = 'ready' | 'refused' | 'denied' | 'failed' | 'superseded';

export type EnvironmentState =
  | 'deriving'
  | 'activating'
  | 'ready'
  | 'asleep'
  | 'stopped'
  | 'degraded'
  | 'failed'
  | 'refused'
  | 'denied'
  | 'deleting'
  | 'deleted';

/** How far the newest activation has come, in order. */
export const stages = ['revised', 'planned', 'resolved', 'decided', 'claimed', 'settled'] as const;
export type Stage = (typeof stages)[number];

export type Pointer = { readonly generation: number; readonly revision: Digest } | null;

/** The value under `<org>.<env>` in `msx_environments`. (generation, stage, journalLength) never goes back. */
export type EnvironmentStatus = {
  readonly org: string;
  readonly env: string;
  readonly mode: EnvironmentMode;
  readonly parent: string | null;
  readonly state: EnvironmentState;
  readonly wanted: Wanted;
  readonly generation: number;
  readonly stage: Stage;
  readonly journalLength: number;
  readonly epoch: number;
  readonly head: Pointer;
  readonly target: Pointer;
  readonly serving: Pointer;
  /** What was wanted of what serves; stopped or deleted, it serves nothing to others (protocol 12). */
  readonly servingWanted: Wanted | null;
  /** The newest activation's outcome, once it has one. */
  readonly outcome: Outcome | null;
  /** Why the state is what it is; what is being waited for while activating. */
  readonly reason: string;
  /** Local services out of all, once a plan stands. */
  readonly local: number | null;
  readonly services: number | null;
  /** The newest activation's trace id. */
  readonly trace: string | null;
  /** The oldest generation that can be asked for; absent where all can. */
  readonly floor?: number;
  /** When its `ttl` ends and it is deleted; absent where it has none. */
  readonly expiresAt?: number;
  readonly updatedAt: number;
};
