import { canonicalJson } from './canonical-json.ts';
import { type ArtifactKind, type Digest, digestOfBytes } from './digest.ts';

/** An artifact with the bytes that its digest was computed from. */
export type Artifact<T = unknown> = {
  readonly kind: ArtifactKind;
  readonly digest: Digest;
  readonly bytes: string;
  readonly value: T;
};

/** Seals a value: from here on it is known by its digest and its bytes never change. */
export function sealArtifact<T>(kind: ArtifactKind, value: T): Artifact<T> {
  const bytes = canonicalJson(value);
  return { kind, digest: digestOfBytes(kind, bytes), bytes, value };
}
