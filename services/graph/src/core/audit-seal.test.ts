import { leafHashOf } from '@microstax/model/merkle';
import { expect, test } from 'vitest';
import { whyAltered } from './audit-seal.ts';
import { MerkleTree } from './merkle.ts';

function treeOf(...entries: readonly string[]): MerkleTree {
  const tree = new MerkleTree();
  for (const entry of entries) tree.append(leafHashOf(entry));
  return tree;
}
const signed = { origin: 'microstax/default', size: 3, root: treeOf('a', 'b', 'c').root() };

test('a log that only grew is what was signed', () => {
  expect(whyAltered(treeOf('a', 'b', 'c'), signed)).toBeNull();
  expect(whyAltered(treeOf('a', 'b', 'c', 'd', 'e'), signed)).toBeNull();
});

test('a log with another entry, another order or one put in between is not', () => {
  const sentence = 'entries 1 to 3 are not those that the checkpoint of 3 entries was signed for';
  for (const entries of [
    ['a', 'x', 'c', 'd'],
    ['b', 'a', 'c'],
    ['a', 'x', 'b', 'c'],
  ])
    expect(whyAltered(treeOf(...entries), signed)).toBe(sentence);
});

test('a log that became shorter is not', () => {
  expect(whyAltered(treeOf('a', 'b'), signed)).toBe(
    'a checkpoint of 3 entries was signed, the log has 2: entry 3 is missing',
  );
});
