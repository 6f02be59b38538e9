import { headersFromContext } from '@microstax/service/telemetry';
import { type MsgHdrs, headers as newHeaders } from '@nats-io/nats-core';
import { type Context, context } from '@opentelemetry/api';

type Readable = { get(name: string): string };

/** Reads one header; the client says "" for a missing one, which is no value. */
export function headerReader(headers: Readable | undefined): (name: string) => string | undefined {
  return (name) => headers?.get(name) || undefined;
}

/** Headers of a message, and the trace context of `from` (by default the active span) where they carry none. */
export function withTrace(given: Readonly<Record<string, string>>, from: Context = context.active()): MsgHdrs {
  return toHeaders({ ...headersFromContext(from), ...given });
}

export function toHeaders(given: Readonly<Record<string, string>>): MsgHdrs {
  const headers = newHeaders();
  for (const [name, value] of Object.entries(given)) headers.set(name, oneLine(value));
  return headers;
}

/** All headers as a record; of a repeated one the first value. */
export function headerRecord(headers: MsgHdrs | undefined): Readonly<Record<string, string>> {
  if (headers === undefined) return {};
  return Object.fromEntries(headers.keys().map((name) => [name, headers.get(name)]));
}

// A header ends with its line, and the client throws on a line break.
function oneLine(value: string): string {
  return value.replaceAll(/[\r\n]+/g, ' ');
}
