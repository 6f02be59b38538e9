import { type Msg, type MsgHdrs, nanos } from '@nats-io/nats-core';

const ack = '+ACK';
const working = '+WPI';
const nak = '-NAK';

/** One delivery of a stored message, and the words that settle it: its reply subject says where it comes from. */
export class Delivery {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  readonly stream: string;
  readonly sequence: number;
  readonly deliveries: number;
  readonly storedAt: number;
  readonly #message: Msg;

  /** Throws where the message is no delivery of JetStream. */
  constructor(message: Msg) {
    const { stream, deliveries, sequence, storedAtNanos } = readReply(message.reply ?? '');
    this.subject = message.subject;
    this.body = message.data;
    this.headers = message.headers;
    this.stream = stream;
    this.sequence = sequence;
    this.deliveries = deliveries;
    this.storedAt = Math.floor(storedAtNanos / 1e6);
    this.#message = message;
  }

  ack(): void {
    this.#message.respond(ack);
  }

  /** Not before so many milliseconds again. */
  nakAfter(delayMs: number): void {
    this.#message.respond(`${nak} ${JSON.stringify({ delay: nanos(Math.max(1, Math.round(delayMs))) })}`);
  }

  /** Back at once, to whoever asks next: right only when we stop, because it uses up a delivery in a millisecond. */
  handBack(): void {
    this.#message.respond(nak);
  }

  /** Starts the server's ack wait anew. */
  working(): void {
    this.#message.respond(working);
  }
}

/**
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<time>.<pending>`; newer servers put domain
 * and account hash before the stream, and a random token at the end.
 */
function readReply(reply: string): { stream: string; deliveries: number; sequence: number; storedAtNanos: number } {
  const tokens = reply.split('.');
  const fields = tokens.length >= 11 ? tokens.slice(4) : tokens.slice(2);
  const [stream = '', , deliveries, sequence, , storedAtNanos] = fields;
  if (!reply.startsWith('$JS.ACK.') || storedAtNanos === undefined)
    throw new TypeError(`Cannot read delivery ${JSON.stringify(reply)}: not a reply subject of JetStream`);
  return { stream, deliveries: Number(deliveries), sequence: Number(sequence), storedAtNanos: Number(storedAtNanos) };
}
