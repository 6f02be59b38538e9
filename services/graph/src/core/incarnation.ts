import type { BusDocument, RememberedStream } from './documents.ts';

/** A stream as the server has it now, with the id of the message at the sequence that the store remembers. */
export type FoundStream = {
  readonly name: string;
  readonly createdAt: string;
  readonly lastSequence: number;
  /** undefined: there is no message; null: it has no id. */
  readonly idAtRemembered: string | null | undefined;
};

export type IncarnationState = {
  readonly remembered: BusDocument | null;
  /** What stands in the bucket that all services read. */
  readonly published: number | null;
  readonly found: readonly FoundStream[];
};

export type IncarnationDecision =
  | { readonly kind: 'same'; readonly incarnation: number }
  /** The store knows it already, everybody else not yet. */
  | { readonly kind: 'publish'; readonly incarnation: number; readonly reason: string }
  | { readonly kind: 'new'; readonly incarnation: number; readonly reason: string };

/**
 * Protocol 29: a bus that forgot is another one. Where a stream was made anew, is shorter than the store remembers, or
 * holds another message at the last remembered sequence, a new incarnation opens, newer than all before.
 */
export function judgeBus({ remembered, published, found }: IncarnationState): IncarnationDecision {
  const next = Math.max(remembered?.incarnation ?? 0, published ?? 0) + 1;
  if (remembered === null) return { kind: 'new', incarnation: next, reason: 'the store has not seen this bus before' };
  const forgot = found
    .map((stream) => forgetting(stream, remembered.streams[stream.name]))
    .find((reason) => reason !== null);
  if (forgot) return { kind: 'new', incarnation: next, reason: forgot };
  const { incarnation } = remembered;
  if (published === incarnation) return { kind: 'same', incarnation };
  if (published !== null && published > incarnation)
    return {
      kind: 'new',
      incarnation: next,
      reason: `the bus is in incarnation ${published}, the store remembers ${incarnation}`,
    };
  return { kind: 'publish', incarnation, reason: 'opened before, not said yet' };
}

function forgetting(
  { name, createdAt, lastSequence, idAtRemembered }: FoundStream,
  was: RememberedStream | undefined,
): string | null {
  if (was === undefined) return null;
  if (was.createdAt !== createdAt) return `stream ${name} was created anew`;
  if (lastSequence < was.lastSequence)
    return `stream ${name} ends at ${lastSequence}, the store remembers ${was.lastSequence}`;
  if (was.lastId !== null && idAtRemembered !== undefined && idAtRemembered !== was.lastId)
    return `stream ${name} holds another message at ${was.lastSequence} than the store remembers`;
  return null;
}
