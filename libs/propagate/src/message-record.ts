import { type ContextOptions, currentContext, type RequestContext, readContext } from './context.ts';
import { headersToAdd } from './outgoing-http.ts';

type Text = string | Uint8Array;

/** Headers of a message as a record, as kafkajs and others have them: texts, bytes, or lists of these. */
export type MessageRecord = { readonly [name: string]: Text | readonly Text[] | undefined };

/** The same headers with the context of the current request; what they say already stays. */
export function outgoingRecord<H extends MessageRecord>(headers?: H): H & { readonly [name: string]: unknown };
export function outgoingRecord(headers: MessageRecord = {}): MessageRecord {
  const context = currentContext();
  if (context === undefined) return headers;
  const added = headersToAdd(context, (name) => textOf(headers, name));
  const kept = Object.entries(headers).filter(([name]) => !(name.toLowerCase() in added));
  return { ...Object.fromEntries(kept), ...added };
}

/** The context that a message carries; never throws. */
export function readRecord(headers: MessageRecord | undefined, options: ContextOptions = {}): RequestContext {
  const found = headers ?? {};
  const names = ['baggage', 'traceparent', 'tracestate', (options.headerName ?? 'x-msx-env').toLowerCase()];
  return readContext(Object.fromEntries(names.map((name) => [name, textOf(found, name)])), options);
}

function textOf(headers: MessageRecord, wanted: string): string | undefined {
  const values = Object.entries(headers).flatMap(([name, value]) =>
    name.toLowerCase() === wanted && value !== undefined && value !== null ? [value].flat() : [],
  ) as readonly Text[];
  if (values.length === 0) return undefined;
  return values.map((value) => (typeof value === 'string' ? value : Buffer.from(value).toString('utf8'))).join(',');
}
