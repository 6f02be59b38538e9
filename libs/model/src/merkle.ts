import { hash } from 'node:crypto';

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

/** Bytes of a hash. */
export const hashBytes = 32;

// RFC 9162: leaves and inner nodes are hashed with different first bytes, so that no inner node passes for a leaf.
const leafPrefix = 0;
const nodePrefix = 1;

/** The hash of a leaf whose entry is this text, as UTF-8. */
export function leafHashOf(entry: string): Hash {
  return sha256(Buffer.concat([Buffer.of(leafPrefix), Buffer.from(entry)]));
}

/** The hash of an inner node. */
export function nodeHashOf(left: Hash, right: Hash): Hash {
  const bytes = new Uint8Array(1 + 2 * hashBytes);
  bytes[0] = nodePrefix;
  bytes.set(left, 1);
  bytes.set(right, 1 + hashBytes);
  return sha256(bytes);
}

/** The root of a log without entries. */
export function emptyRoot(): Hash {
  return sha256(new Uint8Array());
}

export function sameHash(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function hexOf(hash: Hash): string {
  return Buffer.from(hash).toString('hex');
}

/** The hash that 64 hexadecimal digits write. Throws a `RangeError` on anything else. */
export function hashOfHex(text: string): Hash {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new RangeError(`Cannot read ${JSON.stringify(text)} as a hash: 64 hexadecimal digits wanted`);
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function sha256(bytes: Uint8Array): Hash {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}
