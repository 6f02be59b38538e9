import type { SnapshotItem } from '@microstax/contracts/data-requests';
import { type Snapshot, snapshotDigest } from '@microstax/model/snapshot';
import { expect, test } from 'vitest';
import { isSound, keepSnapshot, newestFirst } from './snapshots.ts';

function item(more: Partial<Snapshot> = {}): SnapshotItem {
  const snapshot: Snapshot = {
    org: 'default',
    env: 'shop',
    name: 'nightly',
    generation: 1,
    plan: 'sha256:p',
    revision: 'sha256:r',
    consistency: { kind: 'one' },
    services: [],
    takenAt: 1,
    ...more,
  };
  return { ...snapshot, digest: snapshotDigest(snapshot) };
}

test('keepSnapshot() records it with a leaf of the audit log that names its digest', () => {
  const { reply, changes } = keepSnapshot(item(), null, 7);
  expect(reply).toEqual({ kind: 'kept' });
  expect(changes.puts.map(({ key }) => key)).toEqual(['snapshot/default/shop/nightly']);
  expect(changes.appends[0]?.body).toMatchObject({ verb: 'snapshot', subject: 'shop/nightly', digest: item().digest });
});

test('keepSnapshot() answers the same to the same again, and replaces no other one of its name', () => {
  expect(keepSnapshot(item(), item(), 7)).toMatchObject({ reply: { kind: 'kept' }, changes: { puts: [] } });
  expect(keepSnapshot(item({ takenAt: 2 }), item(), 7)).toMatchObject({
    reply: { kind: 'taken' },
    changes: { puts: [] },
  });
});

test('isSound() is false where anything differs from what the digest was made of', () => {
  expect(isSound(item())).toBe(true);
  expect(isSound({ ...item(), generation: 2 })).toBe(false);
});

test('newestFirst() goes by when they were taken, then by name', () => {
  const items = [item({ name: 'a' }), item({ name: 'c', takenAt: 3 }), item({ name: 'b' })];
  expect(newestFirst(items).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
});
