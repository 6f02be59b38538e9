import type { Bundle, BundleEntry } from '@microstax/contracts/bundle';
import { inlineArtifactBytesMax, inlineBodyBytesMax } from '@microstax/contracts/topology';
import type { ArtifactKind } from '@microstax/model/digest';
import { BusError } from './bus-error.ts';
import type { Connection } from './connection.ts';
import { getObject, putObject } from './objects.ts';

type Packed<T> = { readonly body: T; readonly stored: readonly Required<BundleEntry>[] };

/** The body's JSON as it goes on the wire: artifacts that are too large are in the object store when this settles. */
export async function packEvent(connection: Connection, body: object): Promise<Uint8Array> {
  const whole = Buffer.from(JSON.stringify(body));
  if (whole.byteLength <= inlineArtifactBytesMax) return whole; // nothing in it can be too large
  const { body: packed, stored } = splitBody(body, whole.byteLength);
  if (stored.length === 0) return whole;
  await Promise.all(stored.map(({ digest, bytes }) => putObject(connection, digest, bytes ?? '')));
  return Buffer.from(JSON.stringify(packed));
}

/**
 * Protocol 8: an artifact over 128 KiB leaves the body, and while the body is over 512 KiB its largest one does. Digests
 * stay, so every service sees the same bundle.
 */
export function splitBody<T extends object>(body: T, wholeBytes = Buffer.byteLength(JSON.stringify(body))): Packed<T> {
  const bundle = bundleOf(body);
  if (bundle === undefined) return { body, stored: [] };
  const inline = inlineEntries(bundle)
    .map((entry) => ({ ...entry, size: Buffer.byteLength(entry.bytes) }))
    .sort((one, other) => other.size - one.size);
  let bodyBytes = wholeBytes;
  const stored: (BundleEntry & { kind: ArtifactKind; bytes: string })[] = [];
  for (const entry of inline) {
    if (entry.size <= inlineArtifactBytesMax && bodyBytes <= inlineBodyBytesMax) break;
    stored.push(entry);
    bodyBytes -= Buffer.byteLength(JSON.stringify(entry.bytes));
  }
  if (stored.length === 0) return { body, stored: [] };
  const named = Object.fromEntries(stored.map(({ kind, digest }) => [kind, { digest }]));
  return {
    body: { ...body, bundle: { ...bundle, ...named } },
    stored: stored.map(({ digest, bytes }) => ({ digest, bytes })),
  };
}

/** All bytes inline again. Rejects with code `failed` where an object is gone: waiting would not bring it back. */
export async function openBundle(connection: Connection, bundle: Bundle): Promise<Bundle> {
  const entries = Object.entries(bundle) as [ArtifactKind, BundleEntry | undefined][];
  const opened = await Promise.all(entries.map(async ([kind, entry]) => [kind, await open(connection, kind, entry)]));
  return Object.fromEntries(opened) as Bundle;
}

async function open(
  connection: Connection,
  kind: ArtifactKind,
  entry: BundleEntry | undefined,
): Promise<BundleEntry | undefined> {
  if (entry === undefined || entry.bytes !== undefined) return entry;
  const bytes = await getObject(connection, entry.digest);
  if (bytes === undefined)
    throw new BusError('failed', `Cannot open ${kind} ${entry.digest}: the object store does not hold it`);
  return { digest: entry.digest, bytes };
}

function bundleOf(body: object): Bundle | undefined {
  const bundle = 'bundle' in body ? body.bundle : undefined;
  return typeof bundle === 'object' && bundle !== null ? (bundle as Bundle) : undefined;
}

function inlineEntries(bundle: Bundle): (BundleEntry & { kind: ArtifactKind; bytes: string })[] {
  return (Object.entries(bundle) as [ArtifactKind, BundleEntry | undefined][]).flatMap(([kind, entry]) =>
    entry?.bytes === undefined ? [] : [{ kind, digest: entry.digest, bytes: entry.bytes }],
  );
}
