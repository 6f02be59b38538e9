import { type Digest, digestOf } from './digest.ts';

/** `postgres`: a dump of its database; `folder`: its data directory, each SQLite database in it by an online backup. */
export type SnapshotEngine = 'folder' | 'postgres';

/** One file of a snapshot, by its path below the snapshot's own folder for its service. */
export type SnapshotFile = { readonly path: string; readonly bytes: number; readonly sha256: string };

/** What was stored of one service. */
export type SnapshotPart = {
  readonly service: string;
  readonly engine: SnapshotEngine;
  /** The declaration whose instance had the data. */
  readonly specDigest: Digest;
  /** Of the list of its files with their checksums. */
  readonly files: Digest;
  readonly fileCount: number;
  readonly bytes: number;
  /** Where its data came from, where it was restored itself. */
  readonly parent?: { readonly snapshot: string; readonly digest: Digest };
};

/**
 * What was promised of services that were taken together: `one` is consistent in itself, `at rest` nothing ran, `quiesced`
 * those that may write were paused in this order, each before what it calls, and went on in the opposite one.
 */
export type SnapshotConsistency =
  | { readonly kind: 'one' }
  | { readonly kind: 'at rest' }
  | { readonly kind: 'quiesced'; readonly order: readonly string[] };

/** Stored data of stateful services of one environment. Its digest (kind `snapshot`) vouches for every byte of it. */
export type Snapshot = {
  readonly org: string;
  readonly env: string;
  readonly name: string;
  /** What served: its generation and its plan. */
  readonly generation: number;
  readonly plan: Digest;
  /** The revision that was declared. */
  readonly revision: Digest;
  readonly consistency: SnapshotConsistency;
  /** Sorted by service. */
  readonly services: readonly SnapshotPart[];
  /** Milliseconds since 1970. */
  readonly takenAt: number;
};

export function snapshotDigest(snapshot: Snapshot): Digest {
  return digestOf('snapshot', snapshot);
}

/** Of a list of files in any order. */
export function filesDigest(files: readonly SnapshotFile[]): Digest {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return digestOf('snapshot', { files: sorted });
}
