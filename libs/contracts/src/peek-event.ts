import { type ArtifactKind, artifactKinds, type Digest, isDigest } from '@microstax/model/digest';
import { textOfBytes } from '@microstax/model/text-of-bytes';

export type PeekedEvent = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly artifacts: readonly { readonly kind: ArtifactKind; readonly digest: Digest }[];
};

const bundleMark = ',"bundle":{';
const entryMark = '":{"digest":"';
const digestChars = 'sha256:'.length + 64;

/**
 * Which activation an event is about and which artifacts it names, without reading their bytes: a hundred times cheaper,
 * where that is all one has to know. Nothing is checked by the event's contract. Undefined where the body is not written
 * as `libs/bus` writes events, the bundle last; inside of a text both marks are escaped.
 */
export function peekEvent(body: Uint8Array): PeekedEvent | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const bundleAt = bytes.indexOf(bundleMark);
  if (bundleAt === -1) return undefined;
  const about = parse(`${textOfBytes(bytes.subarray(0, bundleAt))}}`);
  if (about === undefined) return undefined;
  const artifacts: { kind: ArtifactKind; digest: Digest }[] = [];
  for (let at = bundleAt; ; ) {
    at = bytes.indexOf(entryMark, at);
    if (at === -1) return { ...about, artifacts };
    const kind = bytes.toString('latin1', bytes.lastIndexOf('"', at - 1) + 1, at);
    at += entryMark.length;
    const digest = bytes.toString('latin1', at, at + digestChars);
    if (!isDigest(digest) || !isKind(kind)) return undefined;
    artifacts.push({ kind, digest });
  }
}

function parse(json: string): Omit<PeekedEvent, 'artifacts'> | undefined {
  try {
    const { org, env, generation } = JSON.parse(json) as Partial<PeekedEvent>;
    if (typeof org !== 'string' || typeof env !== 'string' || typeof generation !== 'number') return undefined;
    return { org, env, generation };
  } catch {
    return undefined;
  }
}

function isKind(kind: string): kind is ArtifactKind {
  return (artifactKinds as readonly string[]).includes(kind);
}
