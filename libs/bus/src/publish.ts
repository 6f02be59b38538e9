import type { EventContract } from '@microstax/contracts/event-contract';
import { headerNames } from '@microstax/contracts/header-names';
import { outputMessageId } from '@microstax/contracts/message-id';
import { textOfBytes } from '@microstax/model/text-of-bytes';
import { contextFromHeaders, inSpan } from '@microstax/service/telemetry';
import { type ApiError, JetStreamApiError } from '@nats-io/jetstream';
import { jserrors } from '@nats-io/jetstream/internal';
import { type MsgHdrs, NoRespondersError } from '@nats-io/nats-core';
import { context, type Span, SpanKind } from '@opentelemetry/api';
import { packEvent } from './bundles.ts';
import type { PublishOptions, PublishReceipt, RawMessage } from './bus.ts';
import { BusError } from './bus-error.ts';
import type { Connection } from './connection.ts';
import { toBusError } from './nats-errors.ts';
import { messagingAttributes } from './span-attributes.ts';
import { subjectAddress } from './subject-address.ts';
import { withTrace } from './trace-headers.ts';
import { untilAnswered } from './until-answered.ts';

const attemptMs = 5_000;

/** Says an event under the protocol's id. Throws a `TypeError` on a body that its own contract refuses. */
export async function publishEvent<T extends { readonly org: string; readonly env: string }>(
  connection: Connection,
  contract: EventContract<T>,
  body: T,
  how: PublishOptions,
): Promise<PublishReceipt> {
  const subject = contract.subject(body);
  const checked = contract.schema.safeParse(body);
  if (!checked.success)
    throw new TypeError(`Cannot say "${contract.name}": its body breaks its own contract: ${checked.error.message}`, {
      cause: checked.error,
    });
  const { inputId, ordinal = 0, drive = 0, purpose = 'activate' } = how;
  const id = outputMessageId({ org: body.org, inputId, subject, ordinal, drive });
  // Objects first: who hears the event finds what it names (protocol 8).
  const packed = await packEvent(connection, body);
  return publishRaw(connection, {
    subject,
    body: packed,
    id,
    headers: {
      'Content-Type': 'application/json',
      [headerNames.ceSpecVersion]: '1.0',
      [headerNames.ceId]: id,
      [headerNames.ceType]: contract.type,
      [headerNames.ceSource]: connection.service,
      [headerNames.ceSubject]: body.env,
      [headerNames.ceTime]: new Date().toISOString(),
      [headerNames.purpose]: purpose,
      [headerNames.drive]: String(drive),
    },
  });
}

/**
 * Publishes bytes and settles when the server has stored them. Where the headers carry a `traceparent` (an outbox row, a
 * dead letter), the message belongs to that trace, else to the active span.
 */
export async function publishRaw(connection: Connection, message: RawMessage): Promise<PublishReceipt> {
  const { subject, body, id } = message;
  checkPayload(connection, `publish on "${subject}"`, body);
  const { traceparent, tracestate, baggage, ...own } = message.headers ?? {};
  const stored = { traceparent, tracestate, baggage };
  const parent =
    traceparent === undefined
      ? context.active()
      : contextFromHeaders((name) => stored[name as keyof typeof stored] || undefined);
  const options = {
    kind: SpanKind.PRODUCER,
    attributes: messagingAttributes('send', subject, { id, client: connection.service }),
    parent,
  };
  return inSpan(connection.telemetry.tracer, `send ${subjectAddress(subject).template}`, options, (span) =>
    store(connection, { ...message, headers: own }, span),
  );
}

async function store(connection: Connection, message: RawMessage, span: Span): Promise<PublishReceipt> {
  const { subject, body, id, headers = {} } = message;
  const stored = withTrace(id === undefined ? headers : { ...headers, [headerNames.messageId]: id });
  const publish = () => put(connection, subject, body, stored);
  try {
    // Repeating is only harmless under an id.
    const ack = await (id === undefined ? publish() : untilAnswered(connection, publish));
    const { stream, seq, duplicate = false } = ack;
    span.setAttributes({ 'nats.stream': stream, 'nats.stream_sequence': seq, 'msx.duplicate': duplicate });
    return { stream, sequence: seq, duplicate };
  } catch (error) {
    throw toBusError(error, `publish on "${subject}"`);
  }
}

type PubAck = { readonly stream: string; readonly seq: number; readonly duplicate?: boolean };

async function put({ replies }: Connection, subject: string, body: Uint8Array, headers: MsgHdrs): Promise<PubAck> {
  const reply = await replies.request(subject, body, { timeoutMs: attemptMs, headers }).catch((error: unknown) => {
    if (!(error instanceof NoRespondersError)) throw error;
    throw new jserrors.JetStreamNotEnabled('no stream answers', { cause: error });
  });
  const ack = JSON.parse(textOfBytes(reply.data)) as PubAck | { readonly error: ApiError };
  if ('error' in ack) throw new JetStreamApiError(ack.error);
  if (!ack.stream) throw new TypeError(`Cannot read the answer to "${subject}": it is no acknowledgement`);
  return ack;
}

/** The server's limit is checked here, because the client closes nothing but says little. */
export function checkPayload(connection: Connection, doing: string, body: Uint8Array): void {
  const limitBytes = connection.nats.info?.max_payload ?? Number.POSITIVE_INFINITY;
  // Headers count too; ours stay far below this.
  const headroomBytes = 16 * 1024;
  if (body.byteLength + headroomBytes <= limitBytes) return;
  throw new BusError(
    'payload-too-large',
    `Cannot ${doing}: the body has ${body.byteLength} bytes, the server takes ${limitBytes} with headers; make it smaller or raise max_payload`,
  );
}
