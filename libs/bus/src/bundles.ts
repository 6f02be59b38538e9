import type { Bundle, BundleEntry } from '@microstax/contracts/bundle';
import { inlineArtifactBytesMax, inlineBodyBytesMax } from '@microstax/contracts/topology';
import { type ArtifactKind, type Digest, digestOfBytes } from '@microstax/model/digest';
import { textOfBytes } from '@microstax/model/text-of-bytes';
import { BusError } from './bus-error.ts';
import type { Connection } from './connection.ts';
import { literalBytes } from './literal-bytes.ts';
import { getObject, putObject } from './objects.ts';
import { RecentBytes } from './recent-bytes.ts';

type Packed<T> = { readonly body: T; readonly stored: readonly Stored[] };
type Stored = { readonly digest: Digest; readonly bytes: string };

/** Of what is under way in this process: the artifacts of a baseline of 10,000 services, and some more. */
const recentCharsMax = 64 * 1024 * 1024;
const recent = new RecentBytes(recentCharsMax);

/** The body's JSON as it goes on the wire: artifacts that are too large are in the object store when this settles. */
export async function packEvent(connection: Connection, body: object): Promise<Uint8Array> {
  const { json, stored } = packed(body);
  if (stored.length > 0) await Promise.all(stored.map(({ digest, bytes }) => putObject(connection, digest, bytes)));
  for (const { digest, bytes } of stored) recent.set(digest, bytes);
  return json;
}

/**
 * Protocol 8: an artifact over 128 KiB leaves the body, and while the body is over 512 KiB its largest one does. Digests
 * stay, so every service sees the same bundle.
 */
export function splitBody<T extends object>(body: T): Packed<T> {
  const { json, stored } = packed(body);
  return { body: stored.length === 0 ? body : (JSON.parse(textOfBytes(json)) as T), stored };
}

/** What is too large by itself is taken out before anything is written, so that nothing large is written twice. */
export function packed(body: object): { readonly json: Uint8Array; readonly stored: readonly Stored[] } {
  const bundle = bundleOf(body);
  if (bundle === undefined) return { json: Buffer.from(JSON.stringify(body)), stored: [] };
  const inline = inlineEntries(bundle).sort((one, other) => other.bytes.length - one.bytes.length);
  const large = inline.filter(({ bytes }) => isOver(bytes, inlineArtifactBytesMax));
  const ordered = [...large, ...inline.filter((entry) => !large.includes(entry))];
  for (let count = large.length; ; count += 1) {
    const taken = ordered.slice(0, count);
    const named = Object.fromEntries(taken.map(({ kind, digest }) => [kind, { digest }]));
    const json = jsonWith({ ...bundle, ...named }, body);
    if (count < ordered.length && json.byteLength > inlineBodyBytesMax) continue;
    return { json, stored: taken.map(({ digest, bytes }) => ({ digest, bytes })) };
  }
}

/** In UTF-8, where a code unit has one to three bytes: most texts need not be counted. */
function isOver(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

/** What `JSON.stringify` makes of a body with this bundle, which stands last; bytes that are known are only copied. */
function jsonWith(bundle: Bundle, body: object): Uint8Array {
  const entries = Object.entries(bundle) as [ArtifactKind, BundleEntry | undefined][];
  const others = JSON.stringify({ ...body, bundle: undefined }).slice(1, -1);
  const pieces: Uint8Array[] = [];
  let text = `{${others}${others === '' ? '' : ','}"bundle":{`;
  let comma = '';
  for (const [kind, entry] of entries) {
    if (entry === undefined) continue;
    const { digest, bytes } = entry;
    text += `${comma}"${kind}":{"digest":${JSON.stringify(digest)}`;
    comma = ',';
    if (bytes !== undefined) {
      pieces.push(Buffer.from(`${text},"bytes":`), literalBytes({ digest, bytes }));
      text = '';
    }
    text += '}';
  }
  return Buffer.concat([...pieces, Buffer.from(`${text}}}`)]);
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
  const known = recent.get(entry.digest);
  if (known !== undefined) return { digest: entry.digest, bytes: known };
  const bytes = await getObject(connection, entry.digest);
  if (bytes === undefined)
    throw new BusError('failed', `Cannot open ${kind} ${entry.digest}: the object store does not hold it`);
  if (digestOfBytes(kind, bytes) === entry.digest) recent.set(entry.digest, bytes); // else whoever opens it says so
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
