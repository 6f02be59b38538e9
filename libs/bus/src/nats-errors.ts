import { JetStreamApiError } from '@nats-io/jetstream';
import { jserrors } from '@nats-io/jetstream/internal';
import {
  ClosedConnectionError,
  DrainingConnectionError,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from '@nats-io/nats-core';
import { BusError, type BusErrorCode } from './bus-error.ts';

/** The client's and the server's errors as the one error of the bus. `doing` begins the sentence: `Cannot <doing>: …`. */
export function toBusError(error: unknown, doing: string): BusError {
  if (error instanceof BusError) return error;
  const { code, because, again } = classify(error);
  return new BusError(code, `Cannot ${doing}: ${because}`, { cause: error, ...(again ? { again } : {}) });
}

type Classified = { readonly code: BusErrorCode; readonly because: string; readonly again?: boolean };

function classify(error: unknown): Classified {
  if (error instanceof JetStreamApiError) return classifyApiError(error);
  // The client says this where nobody answers on a stream's subject or on the JetStream API: there is no such stream, or
  // the server has not yet opened it. Both end by waiting: the graph creates what is missing (protocol 29).
  if (error instanceof jserrors.JetStreamNotEnabled)
    return { code: 'no-stream', because: 'no stream answers on it, the bus may have lost it', again: true };
  if (error instanceof TimeoutError) return { code: 'timeout', because: 'the bus did not answer in time' };
  if (isClosed(error)) return { code: 'closed', because: 'the connection to the bus is closed' };
  if (isPermission(error)) return { code: 'refused', because: messageOf(error) };
  if (isNoResponders(error)) return { code: 'no-responder', because: 'nobody serves it' };
  return { code: 'unavailable', because: messageOf(error) };
}

/** Error codes of the JetStream API that decide what a caller does next; the rest is told by its HTTP-like status. */
const apiCodes: Readonly<Record<number, Classified>> = {
  10071: { code: 'conflict', because: 'it changed meanwhile' },
  10164: { code: 'conflict', because: 'it changed meanwhile' },
  10059: { code: 'no-stream', because: 'the stream does not exist', again: true },
  10014: { code: 'no-stream', because: 'the consumer does not exist', again: true },
  10077: { code: 'unavailable', because: 'the stream is full' },
  10054: { code: 'payload-too-large', because: 'the message is larger than the stream allows' },
  10039: { code: 'unsupported-server', because: 'JetStream is off for this account; enable it in the server' },
  10076: { code: 'unsupported-server', because: 'JetStream is off; start nats-server with JetStream enabled' },
};

function classifyApiError(error: JetStreamApiError): Classified {
  const known = apiCodes[error.code];
  if (known !== undefined) return known;
  return { code: error.status >= 500 ? 'unavailable' : 'failed', because: `${error.message} (${error.code})` };
}

function isClosed(error: unknown): boolean {
  return error instanceof ClosedConnectionError || error instanceof DrainingConnectionError;
}

function isPermission(error: unknown): boolean {
  return (
    error instanceof PermissionViolationError ||
    (error instanceof RequestError && error.cause instanceof PermissionViolationError)
  );
}

function isNoResponders(error: unknown): boolean {
  return error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
