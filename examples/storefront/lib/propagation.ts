import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';

const carried = ['baggage', 'x-msx-env', 'traceparent', 'tracestate'] as const;
const headersOfRequest = new AsyncLocalStorage<ReadonlyMap<string, string>>();

export function withIncomingContext(listener: RequestListener): RequestListener {
  return (request, response) => headersOfRequest.run(pick(request.headers), listener, request, response);
}

export function propagatingFetch(url: URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  for (const [name, value] of headersOfRequest.getStore() ?? []) headers.set(name, value);
  return fetch(url, { ...init, headers });
}

export function currentContext(): string | undefined {
  const headers = headersOfRequest.getStore();
  const member = headers?.get('baggage')?.match(/(?:^|,)\s*msx-env\s*=\s*([^,;\s]+)/);
  return member?.[1] ?? headers?.get('x-msx-env');
}

function pick(headers: IncomingHttpHeaders): ReadonlyMap<string, string> {
  const picked = new Map<string, string>();
  for (const name of carried) {
    const value = headers[name];
    if (typeof value === 'string') picked.set(name, value);
  }
  return picked;
}
