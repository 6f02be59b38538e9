import type { EventEmitter } from 'node:events';
import type {
  ClientHttp2Session,
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import { type ContextOptions, currentContext, readContext, runWithContext } from './context.ts';
import { bindEvents } from './incoming-http.ts';
import { type OutgoingHeaders, outgoingHeaders } from './outgoing-http.ts';

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: never[]) => void;

/** A listener for `stream` events, run with the context that each stream carries: those of one session do not mix. */
export function withIncomingStream<L extends StreamListener>(listener: L, options: ContextOptions = {}): L {
  const inContext: StreamListener = (stream, headers, ...rest) =>
    inStreamContext([stream], headers, options, () => listener(stream, headers, ...rest));
  return inContext as L;
}

type Http2Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** The same for `request` events of an HTTP/2 server. */
export function withIncomingHttp2(listener: Http2Listener, options: ContextOptions = {}): Http2Listener {
  return (request, response) =>
    inStreamContext([request.stream, request, response], request.headers, options, () => listener(request, response));
}

/** Runs `work` in the context of a stream, together with every later event of these emitters. */
export function inStreamContext<T>(
  emitters: readonly EventEmitter[],
  headers: IncomingHttpHeaders,
  options: ContextOptions,
  work: () => T,
): T {
  const context = readContext(headers as Record<string, string | string[]>, options);
  for (const emitter of emitters) bindEvents(emitter, context);
  return runWithContext(context, work);
}

/**
 * Makes the requests of a client's session carry the context of the request that each is made in. Calls of gRPC are left
 * alone: a client of it sends them when a connection is there, which may be in the course of another request; its
 * interceptor (`grpc.ts`) carries theirs.
 */
export function propagatingSession(session: ClientHttp2Session): ClientHttp2Session {
  const request = session.request;
  session.request = function requestInContext(headers, options) {
    const own = currentContext() === undefined || isGrpc(headers) ? headers : withContext(headers);
    return request.call(session, own, options);
  };
  return session;
}

function isGrpc(headers: OutgoingHttpHeaders | readonly string[] | undefined): boolean {
  if (headers === undefined || Array.isArray(headers)) return false;
  return String((headers as OutgoingHttpHeaders)['content-type'] ?? '').startsWith('application/grpc');
}

/** Raw lists of names and values are taken by newer versions of Node; they stay in their order. */
function withContext(headers: OutgoingHttpHeaders | readonly string[] | undefined): OutgoingHttpHeaders {
  if (!Array.isArray(headers)) return outgoingHeaders((headers ?? {}) as OutgoingHeaders);
  const flat = headers as readonly string[];
  const own: Record<string, string[]> = {};
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at] as string;
    own[name] = [...(own[name] ?? []), flat[at + 1] as string];
  }
  const single = Object.entries(own).map(([name, values]) => [name, values.length === 1 ? values[0] : values]);
  return outgoingHeaders(Object.fromEntries(single) as OutgoingHeaders);
}
