import { headerNames } from '@microstax/contracts/header-names';
import { deadLetterSubject } from '@microstax/contracts/subjects';
import { defaultOrg, isToken } from '@microstax/model/names';
import type { RawMessage } from './bus.ts';
import { subjectAddress } from './subject-address.ts';

const reasonCharsMax = 1_000; // it travels as a header

export type DeadMessage = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly stream: string;
  readonly sequence: number;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly consumer: string;
  readonly deliveries: number;
  readonly reason: string;
};

/** Protocol 32: a message that nobody can handle, as it is kept in `MSX_DLQ`: body and headers as they were, and why. */
export function deadLetter(message: DeadMessage): RawMessage {
  const { subject, body, stream, sequence, id, headers, consumer, deliveries, reason } = message;
  const org = subjectAddress(subject).org;
  return {
    subject: deadLetterSubject(org !== undefined && isToken(org) ? org : defaultOrg, stream, consumer),
    body,
    id: `${stream}:${sequence}:${consumer}`,
    headers: {
      ...withoutServerHeaders(headers),
      [headerNames.deadReason]: reason.slice(0, reasonCharsMax),
      [headerNames.deadMessageId]: id,
      [headerNames.deadSubject]: subject,
      [headerNames.deadStream]: stream,
      [headerNames.deadSequence]: String(sequence),
      [headerNames.deadConsumer]: consumer,
      [headerNames.deadDeliveries]: String(deliveries),
    },
  };
}

/** `Nats-*` are orders to the server (an id, an expected sequence, a roll-up): said again they would be obeyed again. */
function withoutServerHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^nats-/i.test(name)));
}

/** The same without its body, for one that filled the server's limit before it got more headers; the stream has it. */
export function withoutBody(letter: RawMessage): RawMessage {
  return { ...letter, body: new Uint8Array() };
}
