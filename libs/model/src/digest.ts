import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** What is content-addressed. The kind is hashed with the bytes, so a digest of one kind never passes for another. */
export type DigestKind =
  | ArtifactKind
  | 'service-spec'
  | 'service-identity'
  | 'message-id'
  | 'trace'
  | 'job'
  | 'idempotency-key'
  | 'lineage'
  | 'routing-artifact'
  | 'kube-object'
  | 'snapshot';

/** The artifacts that bundles carry and the graph store keeps. */
export type ArtifactKind =
  | 'revision'
  | 'derivation'
  | 'facts'
  | 'policy'
  | 'difference'
  | 'composition'
  | 'plan'
  | 'resolution'
  | 'findings'
  | 'approval'
  | 'closure';

export const artifactKinds: readonly ArtifactKind[] = [
  'revision',
  'derivation',
  'facts',
  'policy',
  'difference',
  'composition',
  'plan',
  'resolution',
  'findings',
  'approval',
  'closure',
];

/** The digest of bytes that are canonical JSON already. */
export function digestOfBytes(kind: DigestKind, bytes: string): Digest {
  return `sha256:${hash('sha256', `microstax/${kind}/v1\n${bytes}`, 'hex')}`;
}

/** The digest of a value's canonical JSON. Equal meaning, equal digest. */
export function digestOf(kind: DigestKind, value: unknown): Digest {
  return digestOfBytes(kind, canonicalJson(value));
}

/** The first `length` hexadecimal digits, for names people read. */
export function shortDigest(digest: Digest, length = 12): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + length);
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
