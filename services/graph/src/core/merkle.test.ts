import { emptyRoot, type Hash, hexOf, leafHashOf, nodeHashOf } from '@microstax/model/merkle';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MerkleTree, verifyConsistency, verifyInclusion } from './merkle.ts';

/** The definitions of RFC 9162, 2.1.1, 2.1.3.1 and 2.1.4.1, written down as they stand there. */
const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));
function mth(d: readonly Hash[]): Hash {
  const [only] = d;
  if (only === undefined) return emptyRoot();
  const k = split(d.length);
  return d.length === 1 ? only : nodeHashOf(mth(d.slice(0, k)), mth(d.slice(k)));
}
function pathTo(m: number, d: readonly Hash[]): Hash[] {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k ? [...pathTo(m, d.slice(0, k)), mth(d.slice(k))] : [...pathTo(m - k, d.slice(k)), mth(d.slice(0, k))];
}
function subproof(m: number, d: readonly Hash[], whole: boolean): Hash[] {
  if (m === d.length) return whole ? [] : [mth(d)];
  const k = split(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}

const leavesOf = (n: number): Hash[] => Array.from({ length: n }, (_, index) => leafHashOf(`entry ${index}`));
function treeOf(leaves: readonly Hash[]): MerkleTree {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}
const hexes = (hashes: readonly Hash[]): string[] => hashes.map(hexOf);
const sizes = fc.integer({ min: 1, max: 300 });

describe('the vectors of Certificate Transparency', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const tree = treeOf(inputs.map((hex) => leafHashOf(Buffer.from(hex, 'hex').toString('latin1'))));

  test.each(roots.entries().toArray())('root() of %i leaves is %s', (size, root) => {
    expect(hexOf(tree.root(size))).toBe(root);
  });

  test('inclusion() of the first of eight, and consistency() from one to eight, are the published path', () => {
    const path = [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ];
    expect(hexes(tree.inclusion(0))).toEqual(path);
    expect(hexes(tree.consistency(1))).toEqual(path);
  });
});

test('root(), inclusion() and consistency() are what the recursive definition says, at every earlier size too', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (length, first, second) => {
      const leaves = leavesOf(length);
      const tree = treeOf(leaves);
      const size = (first % length) + 1;
      const index = second % size;
      const then = leaves.slice(0, size);
      expect(hexOf(tree.root(size))).toBe(hexOf(mth(then)));
      expect(hexes(tree.inclusion(index, size))).toEqual(hexes(pathTo(index, then)));
      expect(hexes(tree.consistency(index + 1, size))).toEqual(hexes(subproof(index + 1, then, true)));
    }),
  );
});

test('compactRange() is enough to compute the root, and has one hash for each bit of the size', () => {
  fc.assert(
    fc.property(sizes, (size) => {
      const tree = treeOf(leavesOf(size));
      const range = tree.compactRange();
      expect(range).toHaveLength([...size.toString(2)].filter((bit) => bit === '1').length);
      expect(hexOf(range.reduceRight((right, left) => nodeHashOf(left, right)))).toBe(hexOf(tree.root()));
    }),
  );
});

test('every proof of every size to 64 verifies: 2,080 of inclusion and 2,080 of consistency', () => {
  const leaves = leavesOf(64);
  const tree = treeOf(leaves);
  let proofs = 0;
  for (let size = 1; size <= 64; size++) {
    const root = tree.root(size);
    for (const [index, leaf] of leaves.slice(0, size).entries()) {
      const from = index + 1;
      const [included, consistent] = [tree.inclusion(index, size), tree.consistency(from, size)];
      if (!verifyInclusion({ leaf, index, size, root }, included)) throw new Error(`leaf ${index} of ${size}`);
      if (!verifyConsistency({ from, to: size, fromRoot: tree.root(from), toRoot: root }, consistent))
        throw new Error(`${from} to ${size}`);
      proofs += 2;
    }
  }
  expect(proofs).toBe(4_160);
});

/** A proof with one bit turned over, a hash taken out, put in twice or put in front, or two exchanged. */
function forgeriesOf(path: readonly Hash[]): Hash[][] {
  const flipped = path.map((hash, at) => path.with(at, hash.with(at % 32, (hash[at % 32] ?? 0) ^ (1 << (at % 8)))));
  const shorter = path.map((_, at) => path.toSpliced(at, 1));
  const longer = [...path, leafHashOf('forged')].map((hash, at) => path.toSpliced(at, 0, hash));
  const exchanged = path.slice(1).map((hash, at) => path.with(at, hash).with(at + 1, path[at] as Hash));
  return [...flipped, ...shorter, ...longer, ...exchanged];
}

test('no forged proof of inclusion is taken: other bits, hashes, indexes, sizes, leaves, roots', () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), (size, some) => {
      const leaves = leavesOf(size);
      const tree = treeOf(leaves);
      const index = some % size;
      const claim = { leaf: leaves[index] as Hash, index, size, root: tree.root() };
      const path = tree.inclusion(index);
      expect(verifyInclusion(claim, path)).toBe(true);
      const other = (index + 1) % size;
      const lies = [
        { ...claim, index: other },
        { ...claim, index: -1 },
        { ...claim, index: size },
        { ...claim, index: index + 0.5 },
        { ...claim, leaf: leaves[other] as Hash },
        { ...claim, root: tree.root(size - 1) },
        { ...claim, root: claim.root.slice(0, 31) },
      ];
      for (const lie of lies) expect(verifyInclusion(lie, path), JSON.stringify(lie.index)).toBe(false);
      for (const forged of forgeriesOf(path)) expect(verifyInclusion(claim, forged)).toBe(false);
      refused += lies.length + forgeriesOf(path).length;
    }),
  );
  expect(refused).toBeGreaterThan(1_000);
});

test('no forged proof of consistency is taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), (to, some) => {
      const tree = treeOf(leavesOf(to));
      const from = (some % (to - 1)) + 1;
      const claim = { from, to, fromRoot: tree.root(from), toRoot: tree.root() };
      const path = tree.consistency(from);
      expect(verifyConsistency(claim, path)).toBe(true);
      const rewritten = treeOf(leavesOf(to).with(some % from, leafHashOf('rewritten')));
      const lies = [
        { ...claim, toRoot: rewritten.root() },
        { ...claim, fromRoot: rewritten.root(from) },
        { ...claim, from: 0 },
        { ...claim, from: to, to: from },
      ];
      for (const lie of lies) {
        expect(verifyConsistency(lie, path)).toBe(false);
        expect(verifyConsistency(lie, rewritten.consistency(from))).toBe(false);
      }
      // The proof's first hash is the older tree itself where that is complete; the verifier knows it and wants no copy.
      for (const forged of forgeriesOf(path)) expect(verifyConsistency(claim, forged)).toBe(false);
    }),
  );
});

test('a tree is not asked for what it does not have', () => {
  const tree = treeOf(leavesOf(5));
  expect(() => tree.root(6)).toThrow('Cannot look at a tree of 6: there are 5 leaves');
  expect(() => tree.inclusion(5)).toThrow('Cannot prove leaf 5 of a tree of 5');
  expect(() => tree.inclusion(3, 3)).toThrow('Cannot prove leaf 3 of a tree of 3');
  expect(() => tree.consistency(0)).toThrow('Cannot prove that a tree of 5 began as one of 0');
  expect(() => tree.consistency(4, 3)).toThrow('Cannot prove that a tree of 3 began as one of 4');
});
