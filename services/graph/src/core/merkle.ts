// Owns: the Merkle tree of RFC 9162 over the hashes of a log's entries.
// 1. A node that is complete never changes again, so each is computed once: appending touches only the compact range,
//    the complete subtrees along the right edge, and costs two hashes an entry on average.
// 2. Sizes and indexes stay below 2^53, so halving is by division and never by a 32-bit operator.
import { emptyRoot, type Hash, hashBytes, nodeHashOf, sameHash } from '@microstax/model/merkle';

/** A growing log. Trees of every earlier size stay known: proofs can be had for each of them. */
export class MerkleTree {
  /** Level l holds the roots of leaves [i·2^l, (i+1)·2^l). */
  readonly #levels: HashList[] = [new HashList()];

  get size(): number {
    return this.#level(0).length;
  }

  append(leaf: Hash): void {
    this.#level(0).push(leaf);
    for (let l = 0; this.#level(l).length % 2 === 0; l++) {
      const nodes = this.#level(l);
      this.#level(l + 1).push(nodeHashOf(nodes.at(nodes.length - 2), nodes.at(nodes.length - 1)));
    }
  }

  /** The complete subtrees that a tree of this size consists of, from the left, largest first: all that appending needs. */
  compactRange(size = this.size): readonly Hash[] {
    this.#requireSize(size);
    const range: Hash[] = [];
    for (let lo = 0; lo < size; ) {
      const width = largestPowerIn(size - lo);
      range.push(this.#subtree(lo, lo + width));
      lo += width;
    }
    return range;
  }

  root(size = this.size): Hash {
    this.#requireSize(size);
    return size === 0 ? emptyRoot() : this.#subtree(0, size);
  }

  /** Proves that the tree of `size` has the leaf at `index`, counted from 0. Throws a `RangeError` where it cannot. */
  inclusion(index: number, size = this.size): readonly Hash[] {
    this.#requireSize(size);
    if (!Number.isSafeInteger(index) || index < 0 || index >= size)
      throw new RangeError(`Cannot prove leaf ${index} of a tree of ${size}`);
    const path: Hash[] = [];
    let [lo, hi] = [0, size];
    while (hi - lo > 1) {
      const mid = lo + splitOf(hi - lo);
      path.push(index < mid ? this.#subtree(mid, hi) : this.#subtree(lo, mid));
      if (index < mid) hi = mid;
      else lo = mid;
    }
    return path.reverse();
  }

  /** Proves that the tree of `to` began as the tree of `from`. Throws a `RangeError` where it cannot. */
  consistency(from: number, to = this.size): readonly Hash[] {
    this.#requireSize(to);
    if (!Number.isSafeInteger(from) || from < 1 || from > to)
      throw new RangeError(`Cannot prove that a tree of ${to} began as one of ${from}`);
    const path: Hash[] = [];
    let [lo, hi] = [0, to];
    while (from < hi) {
      const mid = lo + splitOf(hi - lo);
      path.push(from <= mid ? this.#subtree(mid, hi) : this.#subtree(lo, mid));
      if (from <= mid) hi = mid;
      else lo = mid;
    }
    // The verifier has the root of `from`; what is left is that root itself, or a part of it which has to be shown.
    return (lo === 0 ? path : [...path, this.#subtree(lo, hi)]).reverse();
  }

  /** The root of leaves [lo, hi), which is a node of the tree of `hi`. */
  #subtree(lo: number, hi: number): Hash {
    const width = hi - lo;
    if (largestPowerIn(width) === width) return this.#level(Math.log2(width)).at(lo / width);
    const mid = lo + splitOf(width);
    return nodeHashOf(this.#subtree(lo, mid), this.#subtree(mid, hi));
  }

  #level(l: number): HashList {
    const level = this.#levels[l] ?? new HashList();
    this.#levels[l] = level;
    return level;
  }

  #requireSize(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size)
      throw new RangeError(`Cannot look at a tree of ${size}: there are ${this.size} leaves`);
  }
}

export type InclusionClaim = {
  readonly leaf: Hash;
  /** Counted from 0. */
  readonly index: number;
  readonly size: number;
  readonly root: Hash;
};

/** Whether the path proves that the tree of that root has the leaf at that index (RFC 9162, 2.1.3.2). */
export function verifyInclusion({ leaf, index, size, root }: InclusionClaim, path: readonly Hash[]): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  const climb = new Climb(index, size - 1);
  let found = leaf;
  for (const hash of path) {
    const side = climb.next();
    if (side === 'beyond the root') return false;
    found = side === 'left' ? nodeHashOf(hash, found) : nodeHashOf(found, hash);
  }
  return climb.arrived && sameHash(found, root);
}

export type ConsistencyClaim = {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Hash;
  readonly toRoot: Hash;
};

/** Whether the path proves that the tree of `to` began as the tree of `from` (RFC 9162, 2.1.4.2). */
export function verifyConsistency(claim: ConsistencyClaim, path: readonly Hash[]): boolean {
  const { from, to, fromRoot, toRoot } = claim;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 1 || from > to) return false;
  if (from === to) return path.length === 0 && sameHash(fromRoot, toRoot);
  const [first, ...rest] = largestPowerIn(from) === from ? [fromRoot, ...path] : path;
  if (first === undefined) return false;
  const climb = new Climb(from - 1, to - 1);
  climb.skipRightEdges();
  let [older, newer] = [first, first];
  for (const hash of rest) {
    const side = climb.next();
    if (side === 'beyond the root') return false;
    newer = side === 'left' ? nodeHashOf(hash, newer) : nodeHashOf(newer, hash);
    if (side === 'left') older = nodeHashOf(hash, older);
  }
  return climb.arrived && sameHash(older, fromRoot) && sameHash(newer, toRoot);
}

/** The way from a node to the root, in a tree whose last leaf is known: on which side the sibling of each step stands. */
class Climb {
  #node: number;
  #last: number;

  constructor(node: number, last: number) {
    this.#node = node;
    this.#last = last;
  }

  get arrived(): boolean {
    return this.#last === 0;
  }

  skipRightEdges(): void {
    while (this.#node % 2 === 1) this.#up();
  }

  next(): 'left' | 'right' | 'beyond the root' {
    if (this.arrived) return 'beyond the root';
    const left = this.#node % 2 === 1 || this.#node === this.#last;
    // A node at the right edge without a sibling stands for its parent too.
    if (left) while (this.#node % 2 === 0 && this.#node !== 0) this.#up();
    this.#up();
    return left ? 'left' : 'right';
  }

  #up(): void {
    this.#node = Math.floor(this.#node / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

/** Hashes one behind the other in one piece of memory: an object each would take four times as much. */
class HashList {
  #bytes = new Uint8Array(hashBytes * 8);
  length = 0;

  push(hash: Hash): void {
    const end = this.length * hashBytes;
    if (end === this.#bytes.length) {
      const larger = new Uint8Array(end * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, end);
    this.length++;
  }

  at(index: number): Hash {
    return this.#bytes.slice(index * hashBytes, (index + 1) * hashBytes);
  }
}

/** The largest power of two that is at most `count`, for `count` ≥ 1. */
function largestPowerIn(count: number): number {
  let power = 1;
  while (power * 2 <= count) power *= 2;
  return power;
}

/** Where a tree of `count` ≥ 2 leaves divides: the largest power of two smaller than it. */
function splitOf(count: number): number {
  return largestPowerIn(count - 1);
}
