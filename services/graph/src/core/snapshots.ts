import type { KeepSnapshotReply, SnapshotItem } from '@microstax/contracts/data-requests';
import { sortedBy } from '@microstax/model/compare';
import { snapshotDigest } from '@microstax/model/snapshot';
import { audit } from './audit.ts';
import { type Changes, noChanges } from './changes.ts';
import { snapshotAt } from './places.ts';

export type KeepSnapshotDecision = { readonly reply: KeepSnapshotReply; readonly changes: Changes };

/**
 * Records a snapshot once: what restores from it later believes only what is recorded here. The same one again is kept
 * already; another one of its name is refused, for others may have been restored from it.
 */
export function keepSnapshot(item: SnapshotItem, known: SnapshotItem | null, now: number): KeepSnapshotDecision {
  if (known !== null) return { reply: { kind: known.digest === item.digest ? 'kept' : 'taken' }, changes: noChanges };
  const { org, env, name, digest } = item;
  const leaf = audit(org, { at: now, actor: null, verb: 'snapshot', subject: `${env}/${name}`, digest });
  return {
    reply: { kind: 'kept' },
    changes: { puts: [{ ...snapshotAt(org, env, name), body: item }], removes: [], appends: [leaf] },
  };
}

/** Whether the digest is that of what it vouches for. */
export function isSound({ digest, ...snapshot }: SnapshotItem): boolean {
  return snapshotDigest(snapshot) === digest;
}

/** Newest first. */
export function newestFirst(items: readonly SnapshotItem[]): readonly SnapshotItem[] {
  return sortedBy(items, ({ env, name }) => `${env}/${name}`).sort((a, b) => b.takenAt - a.takenAt);
}
