import type { DurableDefinition } from '@microstax/contracts/topology';
import { type Consumer, DirectMsgHeaders, JetStreamApiError, type JsMsg, type StoredMsg } from '@nats-io/jetstream';
import type { DurableState, ReadOptions, StoredMessage, StreamState } from './bus.ts';
import type { Connection } from './connection.ts';
import { toBusError } from './nats-errors.ts';
import { headerReader, headerRecord } from './trace-headers.ts';
import { unlessLost } from './unless-lost.ts';

const backMs = 5_000; // as long as an answer may take
const fetchMessagesMax = 500;
const fetchMs = 2_000;
const notFoundCodes: readonly number[] = [10059, 10014];

/** Everything that matches the filter now, oldest first. */
export async function readStream(
  connection: Connection,
  stream: string,
  options: ReadOptions,
): Promise<readonly StoredMessage[]> {
  const { filter, fromSequence, upTo = Number.POSITIVE_INFINITY } = options;
  let consumer: Consumer | undefined;
  try {
    consumer = await connection.jetstream.consumers.get(stream, {
      filter_subjects: filter,
      ...(fromSequence === undefined ? {} : { opt_start_seq: fromSequence }),
    });
    const found: StoredMessage[] = [];
    let left = (await consumer.info(true)).num_pending;
    while (left > 0) {
      const before = left;
      for await (const message of await consumer.fetch({
        max_messages: Math.min(left, fetchMessagesMax),
        expires: fetchMs,
      })) {
        left = message.info.pending;
        if (message.seq > upTo) return found;
        found.push(ofDelivery(message));
      }
      if (left === before) break; // what was pending has expired meanwhile
    }
    return found;
  } catch (error) {
    throw toBusError(error, `read "${filter}" from ${stream}`);
  } finally {
    // It would outlive the reading by minutes, and a server takes only so many. Where it cannot be, it goes by itself.
    void consumer?.delete().catch(() => {});
  }
}

export async function lastOn(
  connection: Connection,
  stream: string,
  subject: string,
): Promise<StoredMessage | undefined> {
  return one(connection, stream, { last_by_subj: subject });
}

export async function messageAt(
  connection: Connection,
  stream: string,
  sequence: number,
): Promise<StoredMessage | undefined> {
  return one(connection, stream, { seq: sequence });
}

export async function streamState(connection: Connection, stream: string): Promise<StreamState | undefined> {
  return orUndefined(connection, `look at stream ${stream}`, async () => {
    const { state, created } = await connection.manager.streams.info(stream);
    return {
      name: stream,
      firstSequence: state.first_seq,
      lastSequence: state.last_seq,
      messages: state.messages,
      createdAt: String(created),
    };
  });
}

export async function durableState(
  connection: Connection,
  { stream, name }: DurableDefinition,
): Promise<DurableState | undefined> {
  return orUndefined(connection, `look at durable ${name}`, async () => {
    const info = await connection.manager.consumers.info(stream, name);
    return {
      ackFloor: info.ack_floor.stream_seq,
      pending: info.num_pending,
      unsettled: info.num_ack_pending,
      createdAt: String(info.created),
    };
  });
}

async function one(
  connection: Connection,
  stream: string,
  query: { last_by_subj: string } | { seq: number },
): Promise<StoredMessage | undefined> {
  const doing = `read ${JSON.stringify(query)} from ${stream}`;
  try {
    const get = () => connection.manager.direct.getMessage(stream, query);
    const message = await unlessLost(connection, { doing, waitMs: backMs }, get);
    return message === null ? undefined : ofStored(message);
  } catch (error) {
    throw toBusError(error, doing);
  }
}

async function orUndefined<T>(connection: Connection, doing: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await unlessLost(connection, { doing, waitMs: backMs }, look);
  } catch (error) {
    if (error instanceof JetStreamApiError && notFoundCodes.includes(error.code)) return undefined;
    throw toBusError(error, doing);
  }
}

function ofDelivery(message: JsMsg): StoredMessage {
  const { subject, data, seq, headers, info } = message;
  return {
    subject,
    body: data,
    sequence: seq,
    storedAt: Math.floor(info.timestampNanos / 1e6),
    headers: headerRecord(headers),
    header: headerReader(headers),
  };
}

function ofStored(message: StoredMsg): StoredMessage {
  const { subject, data, seq, header, time } = message;
  return {
    subject,
    body: data,
    sequence: seq,
    storedAt: time.getTime(),
    headers: withoutPlace(headerRecord(header)),
    header: headerReader(header),
  };
}

/** What a direct read adds to say where the message stands; nobody published it. */
const placeHeaders: readonly string[] = Object.values(DirectMsgHeaders);

function withoutPlace(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !placeHeaders.includes(name)));
}
