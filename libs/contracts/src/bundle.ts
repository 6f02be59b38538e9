import type { Artifact } from '@microstax/model/artifact';
import { type ArtifactKind, artifactKinds, type Digest, digestOfBytes, isDigest } from '@microstax/model/digest';
import { z } from 'zod';
import { OpenedArtifacts } from './opened-artifacts.ts';

export const digestSchema = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  error: 'expected "sha256:" and 64 hexadecimal digits',
});

/** One artifact in an event: its digest, and its canonical bytes unless they went to the object store (protocol 8). */
export const bundleEntrySchema = z.strictObject({ digest: digestSchema, bytes: z.string().optional() });
export type BundleEntry = { readonly digest: Digest; readonly bytes?: string | undefined };
/** `{kind: {digest, bytes?}}`: each stage forwards what later stages read and adds its own artifact. */
export type Bundle = { readonly [kind in ArtifactKind]?: BundleEntry | undefined };
export const bundleSchema: z.ZodType<Bundle> = z.partialRecord(
  z.enum(artifactKinds as [ArtifactKind, ...ArtifactKind[]]),
  bundleEntrySchema,
);

/** Adds artifacts to a bundle, bytes inline; `libs/bus` moves what is too large to the object store. */
export function bundleOf(...artifacts: readonly Artifact[]): Bundle {
  keepOpened(artifacts);
  return Object.fromEntries(artifacts.map(({ kind, digest, bytes }) => [kind, { digest, bytes }])) as Bundle;
}

/** Only the named kinds of a bundle, for the next stage. */
export function pickFromBundle(bundle: Bundle, kinds: readonly ArtifactKind[]): Bundle {
  return Object.fromEntries(kinds.flatMap((kind) => (bundle[kind] ? [[kind, bundle[kind]]] : []))) as Bundle;
}

/**
 * Opens an artifact whose bytes are inline (after `libs/bus` fetched the others): verifies the digest, then trusts the
 * shape, which its deciding service made. Throws where the kind is absent, without bytes, or the digest does not fit.
 */
export function openArtifact<T>(bundle: Bundle, kind: ArtifactKind): Artifact<T> {
  const entry = bundle[kind];
  if (entry?.bytes === undefined)
    throw new Error(`Cannot open ${kind}: the bundle holds ${entry ? 'its digest only' : 'none'}`);
  const { digest, bytes } = entry;
  const known = opened.find(kind, digest, bytes);
  if (known !== undefined) return known as Artifact<T>;
  const found = digestOfBytes(kind, bytes);
  if (found !== digest) throw new Error(`Cannot open ${kind} ${digest}: its bytes have digest ${found}`);
  const artifact: Artifact<T> = { kind, digest, bytes, value: JSON.parse(bytes) as T };
  opened.keep(artifact);
  return artifact;
}

/** Whoever opens in this process what was made in it need not read it again. */
export function keepOpened(artifacts: readonly Artifact[]): void {
  for (const artifact of artifacts) opened.keep(artifact);
}

const opened = new OpenedArtifacts();
