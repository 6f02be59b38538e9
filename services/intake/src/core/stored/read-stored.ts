import type { StoredRevisionReply } from '@microstax/contracts/graph-requests';
import { type Closure, closureParts } from '@microstax/model/closure';
import { type Digest, type DigestKind, digestOfBytes } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { keyOffsetOf, type LocatedMap } from '../located.ts';
import { quote, quoteList } from '../quote.ts';
import { type ReadBlueprint, readParsed, type UnreadableBlueprint } from '../read-blueprint.ts';
import { locatedValue, mergeChanges } from './merge-changes.ts';
import { refuseStored, type StoredInput } from './read-input.ts';
import { writeRevision } from './write-revision.ts';

type Read = ReadBlueprint | UnreadableBlueprint;

/** The Blueprint that a stored generation with changes over it amounts to, or why there is none. */
export function readFromStored(input: StoredInput, reply: StoredRevisionReply): Read {
  const { place } = input;
  if (place.kind !== 'from') throw new Error('Broken invariant: a generation is read where one was named');
  const { env, generation } = place;
  switch (reply.kind) {
    case 'revision':
      return readRevision(input, reply, `from ${env}@${generation}`);
    case 'unknown environment':
      return refuseStored(input, {
        code: 'unknown-source',
        reason: `environment ${quote(env)} is not known`,
        next: someOf(reply.known),
      });
    case 'unknown generation':
      return refuseStored(input, {
        code: 'unknown-source',
        reason: `${quote(env)} has no generation ${generation}`,
        next: `${someOf(reply.known)}; see: msx get activations ${env}`,
      });
    case 'not kept':
      return refuseStored(input, {
        code: 'source-not-kept',
        reason: `what ${env}@${generation} declared is no longer kept`,
        next: `choose a later generation: msx get activations ${env}`,
      });
  }
}

/** Bytes by digest, as far as somebody has them. */
export type StoredBytes = ReadonlyMap<Digest, string>;

/** What has to be fetched to read a closure, beside the closure itself; nothing where that is not what it is called. */
export function partsOfClosure(input: StoredInput, bytes: string | undefined): ReturnType<typeof closureParts> {
  const closure = bytes === undefined ? undefined : openClosure(input, bytes);
  return closure === undefined ? [] : closureParts(closure);
}

/**
 * The Blueprint that a closure with changes over it amounts to. Nobody is believed: the digest of every part is computed
 * from its bytes, so the digest that was named vouches for all of it.
 */
export function readFromClosure(input: StoredInput, bytes: string | undefined, parts: StoredBytes): Read {
  const { place, address } = input;
  if (place.kind !== 'closure') throw new Error('Broken invariant: a closure is read where one was named');
  if (bytes === undefined)
    return refuseStored(input, {
      code: 'unknown-source',
      reason: `nobody has a closure ${place.digest}`,
      next: 'make one: msx closure <env>',
    });
  const closure = openClosure(input, bytes);
  if (closure === undefined)
    return refuseStored(input, {
      code: 'digest-differs',
      reason: `what is stored as ${place.digest} is no closure of that digest`,
      next: 'make it again: msx closure <env>',
    });
  if (closure.org !== address.org)
    return refuseStored(input, {
      code: 'foreign-source',
      reason: `the closure belongs to organisation ${quote(closure.org)}, and this is ${quote(address.org)}`,
      next: 'make a closure of an environment of this organisation',
    });
  for (const part of closureParts(closure)) {
    const found = parts.get(part.digest);
    if (found !== undefined && isDigestOf(part.kind, found, part.digest)) continue;
    return refuseStored(input, {
      code: found === undefined ? 'source-not-kept' : 'digest-differs',
      reason: `the ${part.kind} ${part.digest} of the closure ${found === undefined ? 'is not kept' : 'has other bytes than its digest says'}`,
      next: 'make the closure again: msx closure <env>',
    });
  }
  const revision = must(parts.get(closure.revision), 'every part was looked at');
  return readRevision(input, { digest: closure.revision, bytes: revision }, `closure ${place.digest}`);
}

function openClosure({ place }: StoredInput, bytes: string): Closure | undefined {
  if (place.kind !== 'closure' || !isDigestOf('closure', bytes, place.digest)) return undefined;
  return JSON.parse(bytes) as Closure;
}

function isDigestOf(kind: DigestKind, bytes: string, digest: Digest): boolean {
  return digestOfBytes(kind, bytes) === digest;
}

function readRevision(
  input: StoredInput,
  { digest, bytes }: { readonly digest: Digest; readonly bytes: string },
  source: string,
): Read {
  const { address, limits, source: text, place, changes, name } = input;
  if (!isDigestOf('revision', bytes, digest))
    return refuseStored(input, {
      code: 'digest-differs',
      reason: `the revision ${digest} has other bytes than its digest says`,
      next: 'see: msx audit verify',
    });
  const revision = JSON.parse(bytes) as Revision;
  const at = keyOffsetOf(text.tree, [place.kind]);
  const stored = locatedValue(writeRevision(revision), at) as LocatedMap;
  const named = name ?? locatedValue(address.env, at);
  const whole = { ...stored, entries: new Map(stored.entries).set('name', { keyAt: at, node: named }) };
  const tree = changes === undefined ? whole : mergeChanges(whole, changes);
  const read = readParsed({ kind: 'read', source: { ...text, tree }, findings: [] }, address, limits);
  if (read.kind === 'unreadable') return read;
  const identities = new Map(
    revision.services.flatMap((one) => (one.kind === 'run' ? [[one.name, one.identity] as const] : [])),
  );
  return { ...read, origin: { source, revision: digest, identities } };
}

const namesMax = 12; // a finding is for reading

function someOf(known: readonly string[]): string {
  if (known.length === 0) return 'apply a Blueprint first';
  return `known are ${quoteList(known.slice(-namesMax))}`;
}
