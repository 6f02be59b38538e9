import { AsyncLocalStorage } from 'node:async_hooks';
import { type BaggageMember, baggageValue, parseBaggage } from './baggage.ts';
import { tracestateValue } from './tracestate.ts';

/** What a request says about the environment it belongs to, and what has to travel on with it. */
export type RequestContext = {
  /** The environment's context value (`msx-env`); undefined where the request belongs to whom it reaches. */
  readonly env: string | undefined;
  /** The plain header that carries the same value, in lower case. */
  readonly headerName: string;
  /** All members as they came, those of others too. */
  readonly baggage: readonly BaggageMember[];
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
};

export type ContextOptions = {
  /** The plain header to read and write; by default `x-msx-env`. A baseline may choose another one. */
  readonly headerName?: string;
};

/** Headers as Node hands them over: lower-case names. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export const envKey = 'msx-env';
export const defaultHeaderName = 'x-msx-env';

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` so that it, and all it starts, finds this context by `currentContext`. */
export function runWithContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The context of the request that is being served; undefined outside of any. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/**
 * Reads a request's headers: of baggage, plain header and tracestate the first that names an environment counts, in
 * this order. A value that could not stand in a header is no name of an environment. Never throws.
 */
export function readContext(headers: IncomingHeaders, options: ContextOptions = {}): RequestContext {
  const headerName = (options.headerName ?? defaultHeaderName).toLowerCase();
  const baggage = parseBaggage(text(headers.baggage) ?? '');
  const tracestate = text(headers.tracestate);
  const env =
    named(baggageValue(baggage, envKey)) ??
    named(text(headers[headerName])) ??
    named(tracestate === undefined ? undefined : tracestateValue(tracestate, envKey));
  return { env, headerName, baggage, traceparent: text(headers.traceparent), tracestate };
}

function named(value: string | undefined): string | undefined {
  return value !== undefined && isEnvValue(value) ? value : undefined;
}

/** Whether a text can name an environment: short, and safe in a header. */
export function isEnvValue(value: string): boolean {
  return /^[A-Za-z0-9._~-]{1,128}$/.test(value);
}

function text(header: string | readonly string[] | undefined): string | undefined {
  const joined = typeof header === 'string' ? header : header?.join(',');
  return joined === undefined || joined.trim() === '' ? undefined : joined.trim();
}
