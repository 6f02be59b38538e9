import type { Checkpoint } from '@microstax/model/checkpoint';
import type { MerkleTree } from './merkle.ts';
import { verifyConsistency } from './merkle.ts';

/** Entries that are not covered by a checkpoint yet, at most; then one is made at once. */
export const unsealedMax = 256;

/** Why the log is not what was signed, as a sentence; null where it only ever grew. */
export function whyAltered(tree: MerkleTree, last: Checkpoint): string | null {
  const { size, root } = last;
  if (size > tree.size)
    return `a checkpoint of ${size} entries was signed, the log has ${tree.size}: entry ${tree.size + 1} is missing`;
  const claim = { from: size, to: tree.size, fromRoot: root, toRoot: tree.root() };
  if (size === 0 || verifyConsistency(claim, tree.consistency(size))) return null;
  return `entries 1 to ${size} are not those that the checkpoint of ${size} entries was signed for`;
}
