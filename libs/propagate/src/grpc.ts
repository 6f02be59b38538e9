import { type ContextOptions, currentContext, type RequestContext, readContext, runWithContext } from './context.ts';
import { headersToAdd } from './outgoing-http.ts';

/** As far as `Metadata` of @grpc/grpc-js is needed; that package is the program's own. */
export type MetadataLike = {
  get(key: string): readonly (string | Uint8Array)[];
  set(key: string, value: string): void;
};

/** Puts the context of the current request into the metadata of a call; what it says already stays. */
export function injectMetadata<M extends MetadataLike>(metadata: M): M {
  const context = currentContext();
  if (context === undefined) return metadata;
  for (const [name, value] of Object.entries(headersToAdd(context, (key) => textOf(metadata, key))))
    metadata.set(name, value);
  return metadata;
}

/** The context that a call came with; never throws. */
export function readMetadata(metadata: Pick<MetadataLike, 'get'>, options: ContextOptions = {}): RequestContext {
  const names = ['baggage', 'traceparent', 'tracestate', (options.headerName ?? 'x-msx-env').toLowerCase()];
  return readContext(Object.fromEntries(names.map((name) => [name, textOf(metadata, name)])), options);
}

type StartedCall<M> = { start(metadata: M, ...rest: never[]): void };

/**
 * A client interceptor: `new Client(address, credentials, { interceptors: [contextInterceptor] })`. It reads the context
 * where the program makes the call, which may be long before a connection is there to send it.
 */
export function contextInterceptor<M extends MetadataLike, O, C extends StartedCall<M>>(
  options: O,
  nextCall: (options: O) => C,
): C {
  const call = nextCall(options);
  const start = call.start;
  call.start = function startInContext(metadata: M, ...rest: never[]): void {
    start.call(call, injectMetadata(metadata), ...rest);
  };
  return call;
}

/** A server's handler of any kind of call, run with the context that each call carries. */
export function withMetadataContext<
  Call extends { readonly metadata: Pick<MetadataLike, 'get'> },
  Rest extends unknown[],
>(handler: (call: Call, ...rest: Rest) => void, options: ContextOptions = {}): (call: Call, ...rest: Rest) => void {
  return (call, ...rest) => runWithContext(readMetadata(call.metadata, options), () => handler(call, ...rest));
}

function textOf(metadata: Pick<MetadataLike, 'get'>, name: string): string | undefined {
  const values = metadata.get(name);
  return values.length === 0 ? undefined : values.map(String).join(',');
}
