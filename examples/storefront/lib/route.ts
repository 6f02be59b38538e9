import type { Answer, Result } from './answer.ts';

export type Request = { readonly params: Readonly<Record<string, string>>; readonly query: URLSearchParams };
export type Reply = { readonly status?: number; readonly result: Result; readonly calls?: readonly Answer[] };
export type Handler = (request: Request) => Reply | Promise<Reply>;

/** Handlers by method and path; a segment `:name` matches one segment and is given as `params.name`. */
export type Routes = Readonly<Record<string, Handler>>;

export type Match = { readonly handler: Handler; readonly request: Request };

/** The handler for a method and a request target, or why there is none. */
export function findRoute(routes: Routes, method: string, target: string): Match | undefined {
  const [path = '/', search = ''] = target.split('?', 2);
  for (const [route, handler] of Object.entries(routes)) {
    const params = matchPath(route, `${method} ${path}`);
    if (params !== undefined) return { handler, request: { params, query: new URLSearchParams(search) } };
  }
  return undefined;
}

/** Names and numbers that a request may state; everything else is refused before it reaches a path or a file. */
export function isName(text: string | null | undefined): text is string {
  return /^[a-z0-9-]{1,40}$/.test(text ?? '');
}

/** The whole number from 0 to 1,000,000 in `text`, or `undefined`. */
export function readCount(text: string | null | undefined): number | undefined {
  return /^\d{1,6}$/.test(text ?? '') ? Number(text) : undefined;
}

/** The answer to a request that states something wrong: what, and what is allowed. */
export function badRequest(what: string, found: string | null | undefined, allowed: string): Reply {
  return { status: 400, result: { error: `Cannot read ${what} "${found ?? ''}": it must be ${allowed}` } };
}

function matchPath(route: string, wanted: string): Record<string, string> | undefined {
  const pattern = route.split('/');
  const segments = wanted.split('/');
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':') && segment !== '') params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
