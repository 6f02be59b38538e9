import type { EventEmitter } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { type ContextOptions, currentContext } from './context.ts';
import { propagating } from './fetch.ts';
import { inStreamContext, propagatingSession } from './http2.ts';
import { inRequestContext } from './incoming-http.ts';
import { type OutgoingHeaders, outgoingHeaders } from './outgoing-http.ts';
import { followUndici } from './undici.ts';

/** Undoes what `instrument` did, for tests; requests under way keep their context. */
export type Uninstrument = () => void;

let undo: Uninstrument | undefined;

/**
 * Makes every server of `node:http`, `node:https` and `node:http2` in this program read the context, and `http.request`,
 * `http.get`, their https twins, sessions of `http2.connect`, global `fetch` and undici pass it on. Called before the
 * program takes these functions out of their modules; a second call changes nothing. Messages are left alone.
 */
export function instrument(options: ContextOptions = {}): Uninstrument {
  undo ??= patchAll(options);
  return () => {
    undo?.();
    undo = undefined;
  };
}

function patchAll(options: ContextOptions): Uninstrument {
  const undoing = [
    replace(http.Server.prototype, 'emit', (emit) => emitInContext(emit, options)),
    replace(https.Server.prototype, 'emit', (emit) => emitInContext(emit, options)),
    ...[http, https].flatMap((module) => [
      replace(module, 'request', callInContext),
      replace(module, 'get', callInContext),
    ]),
    replace(http2, 'connect', connectInContext),
    replace(http2, 'createServer', (create) => serveStreams(create, options)),
    replace(http2, 'createSecureServer', (create) => serveStreams(create, options)),
    replace(globalThis, 'fetch', propagating),
    followUndici(),
  ];
  syncBuiltinESMExports(); // for `import { request } from 'node:http'`
  return () => {
    for (const each of undoing) each();
    syncBuiltinESMExports();
  };
}

function replace<Owner extends object, Key extends keyof Owner>(
  owner: Owner,
  key: Key,
  wrap: (original: Owner[Key]) => Owner[Key],
): Uninstrument {
  const own = Object.getOwnPropertyDescriptor(owner, key);
  const value = wrap(owner[key]);
  Object.defineProperty(owner, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(owner, key);
    else Object.defineProperty(owner, key, own);
  };
}

/** The events with which a server hands a request to its program; an upgrade hands a socket instead of a response. */
const requestEvents: ReadonlySet<unknown> = new Set([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
]);

type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;

function emitInContext<E>(original: E, options: ContextOptions): E {
  const emit = original as Emit;
  const wrapped: Emit = function emitOfServer(event, ...args) {
    const [request, response] = args;
    if (!requestEvents.has(event) || !(request instanceof http.IncomingMessage)) return emit.call(this, event, ...args);
    const answer = response instanceof http.ServerResponse ? response : undefined;
    return inRequestContext(request, answer, options, () => emit.call(this, event, ...args));
  };
  return wrapped as E;
}

type Call = (this: unknown, ...args: unknown[]) => unknown;

function callInContext<F>(original: F): F {
  const call = original as Call;
  const wrapped: Call = function callOfClient(...args) {
    return call.apply(this, currentContext() === undefined ? args : withContextHeaders(args));
  };
  return wrapped as F;
}

function connectInContext<F>(original: F): F {
  const connect = original as (this: unknown, ...args: unknown[]) => http2.ClientHttp2Session;
  const wrapped: typeof connect = function connectOfClient(...args) {
    return propagatingSession(connect.apply(this, args));
  };
  return wrapped as F;
}

type AnyEmitter = { emit: Emit };

function serveStreams<F>(original: F, options: ContextOptions): F {
  const create = original as (this: unknown, ...args: unknown[]) => AnyEmitter;
  const wrapped: typeof create = function createStreamServer(...args) {
    const server = create.apply(this, args);
    const emit = emitInContext(server.emit, options); // clients that speak HTTP/1.1 to a secure one
    server.emit = function emitOfServer(event, ...about) {
      const [stream, headers] = about as [EventEmitter, http2.IncomingHttpHeaders];
      // `request` is emitted by a listener for `stream`, within its context.
      if (event !== 'stream') return emit.call(this, event, ...about);
      return inStreamContext([stream], headers, options, () => emit.call(this, event, ...about));
    };
    return server;
  };
  return wrapped as F;
}

/** The arguments of `http.request`: (url, options?, callback?) or (options, callback?). */
function withContextHeaders(args: readonly unknown[]): unknown[] {
  const [first, second] = args;
  const byUrl = typeof first === 'string' || first instanceof URL;
  const given = byUrl ? second : first;
  const options = typeof given === 'object' && given !== null ? (given as { headers?: unknown }) : {};
  const headers = headersWithContext(options.headers);
  const rest = args.slice(byUrl ? 1 : 0).filter((arg) => arg !== given || typeof arg === 'function');
  return [...(byUrl ? [first] : []), { ...options, headers }, ...rest];
}

// Node takes an object, a flat list of names and values, or a list of pairs.
function headersWithContext(headers: unknown): unknown {
  if (!Array.isArray(headers)) return outgoingHeaders((headers ?? {}) as OutgoingHeaders);
  const flat = headers.flat() as string[];
  const names = flat.filter((_, index) => index % 2 === 0);
  const values = flat.filter((_, index) => index % 2 === 1);
  const own = Object.groupBy(values, (_, index) => names[index] ?? '') as Record<string, string[]>;
  return Object.entries(outgoingHeaders(own)).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, String(each)]),
  );
}
