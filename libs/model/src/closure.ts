import { type Artifact, sealArtifact } from './artifact.ts';
import type { Derivation } from './derivation.ts';
import type { Digest } from './digest.ts';

/**
 * What a derivation is computed from, by digest: itself, all of its revisions, its policy bundle and its facts. The
 * digest of a closure vouches for the bytes of all of them (design 5.6).
 */
export type Closure = {
  readonly org: string;
  readonly env: string;
  readonly derivation: Digest;
  /** The environment's own. */
  readonly revision: Digest;
  /** Nearest first. */
  readonly lineage: readonly { readonly env: string; readonly revision: Digest; readonly offer: Digest }[];
  /** Sorted by env. */
  readonly outside: readonly { readonly env: string; readonly revision: Digest }[];
  readonly policy: Digest;
  readonly facts: Digest;
};

/** The closure of a derivation; one derivation has one closure. */
export function closureOfDerivation({
  digest,
  value,
}: Pick<Artifact<Derivation>, 'digest' | 'value'>): Artifact<Closure> {
  const { org, env, revision, lineage, outside, policy, facts } = value;
  return sealArtifact<Closure>('closure', {
    org,
    env,
    derivation: digest,
    revision,
    lineage: lineage.map((entry) => ({ env: entry.env, revision: entry.revision, offer: entry.offer.revision })),
    outside: outside.map((entry) => ({ env: entry.env, revision: entry.revision })),
    policy,
    facts,
  });
}

/** Every artifact that a closure names, each once: the derivation first, then revisions, policy and facts. */
export function closureParts(closure: Closure): readonly { readonly kind: ClosurePart; readonly digest: Digest }[] {
  const { derivation, revision, lineage, outside, policy, facts } = closure;
  const revisions = new Set([
    revision,
    ...lineage.flatMap((entry) => [entry.revision, entry.offer]),
    ...outside.map((entry) => entry.revision),
  ]);
  return [
    { kind: 'derivation', digest: derivation },
    ...[...revisions].map((digest) => ({ kind: 'revision', digest }) as const),
    { kind: 'policy', digest: policy },
    { kind: 'facts', digest: facts },
  ];
}

type ClosurePart = 'derivation' | 'revision' | 'policy' | 'facts';
