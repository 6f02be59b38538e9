import type { Digest } from '@microstax/model/digest';
import type { Snapshot } from '@microstax/model/snapshot';
import { defineRequest } from './request-contract.ts';

/** A snapshot as it is recorded, with the digest that vouches for it. */
export type SnapshotItem = Snapshot & { readonly digest: Digest };

export type TakeSnapshotRequest = {
  readonly env: string;
  /** Absent: every stateful service that runs there. */
  readonly services?: readonly string[] | undefined;
  /** Absent: the next free of `s1`, `s2`… */
  readonly name?: string | undefined;
};
export type TakeSnapshotReply =
  | { readonly kind: 'taken'; readonly snapshot: SnapshotItem }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string; readonly next?: string };
export const takeSnapshot = defineRequest<TakeSnapshotRequest, TakeSnapshotReply>(
  'runtime',
  'take-snapshot',
  'stores the data of stateful services of an environment',
);

export type CheckSnapshotReply =
  | { readonly kind: 'intact' }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'not here'; readonly reason: string };
export const checkSnapshot = defineRequest<{ readonly env: string; readonly name: string }, CheckSnapshotReply>(
  'runtime',
  'check-snapshot',
  'reads a stored snapshot and compares its checksums',
);

/** A seed package as its manifest says. */
export type SeedItem = {
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  /** Sorted; null: whichever it is run against. */
  readonly services: readonly string[] | null;
  readonly steps: readonly { readonly kind: 'sql' | 'command'; readonly what: string }[];
  /** A folder or an archive below the folder of seeds. */
  readonly place: string;
};
export type SeedsReply = {
  /** By name, newest version first. */
  readonly items: readonly SeedItem[];
  /** Packages that cannot be read, and why. */
  readonly unreadable: readonly { readonly place: string; readonly reason: string }[];
  readonly folder: string;
};
export const seedPackages = defineRequest<{ readonly term?: string | undefined }, SeedsReply>(
  'runtime',
  'seeds',
  'seed packages that a runtime has, all of them or those that match a word',
);

export type KeepSnapshotReply =
  | { readonly kind: 'kept' }
  /** There is another one of that name; a snapshot is never replaced. */
  | { readonly kind: 'taken' };
export const keepSnapshot = defineRequest<SnapshotItem, KeepSnapshotReply>(
  'graph',
  'keep-snapshot',
  'records a snapshot that was stored, in the audit log too',
);

export type SnapshotsReply = { readonly items: readonly SnapshotItem[] };
export const snapshotsOf = defineRequest<
  { readonly env?: string | undefined; readonly name?: string | undefined },
  SnapshotsReply
>('graph', 'snapshots', 'recorded snapshots, newest first: all, of one environment, or of one name');

export const dataRequests = [takeSnapshot, checkSnapshot, seedPackages, keepSnapshot, snapshotsOf] as const;
