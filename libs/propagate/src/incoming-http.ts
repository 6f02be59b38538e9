import type { EventEmitter } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type ContextOptions, type RequestContext, readContext, runWithContext } from './context.ts';

/** The same request listener, run with the context that each request carries. Keep-alive connections do not mix. */
export function withIncomingContext(listener: RequestListener, options: ContextOptions = {}): RequestListener {
  return (request, response) => inRequestContext(request, response, options, () => listener(request, response));
}

/** Runs `work` in the context of a request, together with every later event of the request and its response. */
export function inRequestContext<T>(
  request: IncomingMessage,
  response: ServerResponse | undefined,
  options: ContextOptions,
  work: () => T,
): T {
  const context = readContext(request.headers, options);
  bindEvents(request, context);
  if (response !== undefined) bindEvents(response, context);
  return runWithContext(context, work);
}

/** Events such as `end` come from the socket, which serves many requests and knows the context of none. */
export function bindEvents(emitter: EventEmitter, context: RequestContext): void {
  const emit = emitter.emit;
  emitter.emit = function emitInContext(...args: Parameters<EventEmitter['emit']>): boolean {
    return runWithContext(context, () => emit.apply(this, args));
  };
}
