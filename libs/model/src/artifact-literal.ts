import type { Artifact } from './artifact.ts';
import type { Digest } from './digest.ts';

const charsMax = 16 * 1024 * 1024; // the artifacts of what is under way
const artifactCharsMax = 1024 * 1024; // a larger one is written once, to the object store

/** Least recently used first. */
const literals = new Map<Digest, { readonly bytes: string; readonly literal: string }>();
let chars = 0;

/**
 * An artifact's bytes as a JSON string. Every event and the store write it, and each of its many quotes is escaped, so it
 * is remembered. Bytes are looked at again: a digest in front of other bytes finds nothing here.
 */
export function artifactLiteral({ digest, bytes }: Pick<Artifact, 'digest' | 'bytes'>): string {
  const known = literals.get(digest);
  if (known !== undefined && known.bytes === bytes) {
    literals.delete(digest);
    literals.set(digest, known);
    return known.literal;
  }
  const literal = JSON.stringify(bytes);
  if (bytes.length <= artifactCharsMax) keep(digest, { bytes, literal });
  return literal;
}

function keep(digest: Digest, entry: { readonly bytes: string; readonly literal: string }): void {
  forget(digest);
  literals.set(digest, entry);
  chars += entry.literal.length;
  for (const oldest of literals.keys()) {
    if (chars <= charsMax) return;
    forget(oldest);
  }
}

function forget(digest: Digest): void {
  chars -= literals.get(digest)?.literal.length ?? 0;
  literals.delete(digest);
}
