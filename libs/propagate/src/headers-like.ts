import { type ContextOptions, currentContext, type RequestContext, readContext } from './context.ts';
import { headersToAdd } from './outgoing-http.ts';

/**
 * Headers of a message that are read and written by name: `MsgHdrs` of @nats-io/nats-core, `Headers`, a `Map`. An absent
 * one is '', undefined or null.
 */
export type HeadersLike = {
  get(name: string): string | undefined | null;
  set(name: string, value: string): unknown;
  /** Where it is there, names are found whatever their case. */
  keys?(): Iterable<string>;
};

/** Puts the context of the current request into the headers of a message; what they say already stays. */
export function injectHeaders<H extends HeadersLike>(headers: H): H {
  const context = currentContext();
  if (context === undefined) return headers;
  const own = readerOf(headers);
  // A name that is there keeps its spelling, so that no second one stands beside it.
  for (const [name, value] of Object.entries(headersToAdd(context, own.read))) headers.set(own.spelling(name), value);
  return headers;
}

/** The context that a message carries; never throws. Run its handler by `runWithContext(readHeaders(headers), …)`. */
export function readHeaders(headers: HeadersLike | undefined, options: ContextOptions = {}): RequestContext {
  if (headers === undefined) return readContext({}, options);
  const { read } = readerOf(headers);
  const names = ['baggage', 'traceparent', 'tracestate', (options.headerName ?? 'x-msx-env').toLowerCase()];
  return readContext(Object.fromEntries(names.map((name) => [name, read(name)])), options);
}

function readerOf(headers: HeadersLike) {
  const spellings = new Map<string, string>();
  for (const name of headers.keys?.() ?? []) spellings.set(name.toLowerCase(), name);
  const spelling = (name: string): string => spellings.get(name) ?? name;
  const read = (name: string): string | undefined => headers.get(spelling(name)) || undefined;
  return { spelling, read };
}
