import { headerNames, type Purpose } from '@microstax/contracts/header-names';
import { streams } from '@microstax/contracts/topology';
import { digestOf } from '@microstax/model/digest';
import { defaultOrg } from '@microstax/model/names';
import { contextFromHeaders, deterministicTraceparent, traceContextOf } from '@microstax/service/telemetry';
import { type Context, trace } from '@opentelemetry/api';
import type { Message } from './bus.ts';
import type { Delivery } from './delivery.ts';
import { subjectAddress } from './subject-address.ts';
import { headerReader } from './trace-headers.ts';

/** A delivery as a handler gets it. */
export function messageOf(delivery: Delivery, incarnation: number): Message {
  const header = headerReader(delivery.headers);
  const { subject, body, stream, sequence, deliveries, storedAt } = delivery;
  // Protocol 1: whoever publishes with a plain client gives no id, and the place on the stream is one.
  const id = header(headerNames.messageId) ?? `${stream}:${incarnation}:${sequence}`;
  const purpose = purposeOf(header(headerNames.purpose));
  const drive = Number(header(headerNames.drive));
  return {
    subject,
    body,
    stream,
    sequence,
    incarnation,
    deliveries,
    id,
    purpose,
    drive: Number.isSafeInteger(drive) && drive > 0 ? drive : 0,
    storedAt,
    header,
  };
}

function purposeOf(value: string | undefined): Purpose {
  return value === 'preview' || value === 'replay' ? value : 'activate';
}

/**
 * The trace that a message belongs to. Protocol 31: without a readable `traceparent` it is made of organisation,
 * incarnation and sequence, so that a redelivery finds the same trace; other streams than the submissions' count too.
 */
export function traceOf(message: Message): Context {
  const carried = contextFromHeaders((name) => message.header(name));
  if (trace.getSpanContext(carried) !== undefined) return carried;
  const { stream, sequence, incarnation, subject } = message;
  const { org = defaultOrg } = subjectAddress(subject);
  const place = { org, incarnation, sequence, ...(stream === streams.submissions.name ? {} : { stream }) };
  return traceContextOf(deterministicTraceparent(digestOf('trace', place).slice('sha256:'.length)));
}
