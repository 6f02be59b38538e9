import type { BundleEntry } from '@microstax/contracts/bundle';
import { artifactLiteral } from '@microstax/model/artifact-literal';
import type { Digest } from '@microstax/model/digest';

const bytesMax = 16 * 1024 * 1024; // the artifacts of what is under way
const artifactBytesMax = 1024 * 1024; // a larger one is written once, to the object store

/** Least recently used first. */
const known = new Map<Digest, { readonly bytes: string; readonly literal: Uint8Array }>();
let held = 0;

/**
 * An artifact's JSON string as it goes on the wire: every stage forwards what those before it made, so it is remembered.
 * Bytes are looked at again: a digest in front of other bytes finds nothing here.
 */
export function literalBytes({ digest, bytes }: Required<BundleEntry> & { readonly bytes: string }): Uint8Array {
  const before = known.get(digest);
  if (before !== undefined) known.delete(digest);
  if (before !== undefined && before.bytes === bytes) {
    known.set(digest, before);
    return before.literal;
  }
  held -= before?.literal.byteLength ?? 0;
  const literal = Buffer.from(artifactLiteral({ digest, bytes }));
  if (literal.byteLength <= artifactBytesMax) keep(digest, { bytes, literal });
  return literal;
}

function keep(digest: Digest, entry: { readonly bytes: string; readonly literal: Uint8Array }): void {
  known.set(digest, entry);
  held += entry.literal.byteLength;
  for (const [oldest, { literal }] of known) {
    if (held <= bytesMax) return;
    known.delete(oldest);
    held -= literal.byteLength;
  }
}
