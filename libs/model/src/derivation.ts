import type { Digest } from './digest.ts';
import type { LinkKind } from './revision.ts';

/** Part of every derivation (protocol 14). */
export type Wanted = 'running' | 'asleep' | 'stopped' | 'deleted';

/** One ancestor as the derivation saw it, nearest first. */
export type LineageEntry = {
  readonly env: string;
  /** How its child links to it. */
  readonly link: LinkKind;
  /** The revision that composition reads. */
  readonly revision: Digest;
  readonly generation: number;
  /** The ancestor's own present offer beside any pin (protocol 12). */
  readonly offer: { readonly generation: number; readonly revision: Digest };
};

/** An environment outside the lineage that an explicit mapping or a pool names. */
export type OutsideEntry = { readonly env: string; readonly revision: Digest; readonly generation: number };

/**
 * The inputs that one generation is computed from. Its digest covers just this (protocol 10): generation, cause, actor,
 * time and trace are its record, outside the digest.
 */
export type Derivation = {
  readonly org: string;
  readonly env: string;
  readonly revision: Digest;
  /** Nearest first; empty for a baseline or an isolated environment. At most `lineageDepthMax` entries. */
  readonly lineage: readonly LineageEntry[];
  /** Sorted by env. */
  readonly outside: readonly OutsideEntry[];
  readonly wanted: Wanted;
  readonly policy: Digest;
  readonly facts: Digest;
};

/** A chain deeper than this is refused (design 5.1). */
export const lineageDepthMax = 8;

export type Cause =
  | { readonly kind: 'submission'; readonly submission: string }
  | { readonly kind: 'command'; readonly submission: string; readonly verb: string }
  | { readonly kind: 'parent moved'; readonly parent: string; readonly parentGeneration: number }
  | { readonly kind: 'drift'; readonly services: readonly string[] }
  | { readonly kind: 'wake-up' }
  | { readonly kind: 'timer'; readonly timer: string };
