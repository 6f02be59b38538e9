import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { currentContext } from './context.ts';
import { headersToAdd } from './outgoing-http.ts';

/** As far as a dispatcher of undici is needed; that package is the program's own. */
type Dispatch<O, H> = (options: O, handler: H) => boolean;
type DispatchOptions = { headers?: unknown };

/**
 * An interceptor for undici: `new Agent().compose(contextOnDispatch)`, or `client.compose(contextOnDispatch)`. Requests
 * carry the context of the request that they are made in.
 */
export function contextOnDispatch<O extends DispatchOptions, H>(dispatch: Dispatch<O, H>): Dispatch<O, H> {
  return (options, handler) => {
    const context = currentContext();
    if (context === undefined) return dispatch(options, handler);
    const own = listOf(options.headers);
    const added = headersToAdd(context, (name) => valueIn(own, name));
    const kept = own.filter(([name]) => !(name.toLowerCase() in added));
    const headers = [...kept, ...Object.entries(added)].flat();
    return dispatch({ ...options, headers }, handler);
  };
}

/** Requests as undici shows them on its channel, which the `fetch` of Node has too. */
type Created = {
  readonly request: { readonly headers?: unknown; addHeader(name: string, value: string): void };
};

/** Makes all of undici in this program carry the context, whoever brought it; returns what undoes it. */
export function followUndici(): () => void {
  const channel = 'undici:request:create';
  const created = (message: unknown): void => {
    const context = currentContext();
    if (context === undefined) return;
    const { request } = message as Created;
    const own = listOf(request.headers);
    // Headers can be added here and not replaced; a repeated baggage is one list.
    const added = headersToAdd(context, (name) => valueIn(own, name));
    for (const [name, value] of Object.entries(added)) {
      const more = beyond(value, valueIn(own, name));
      if (more !== '') request.addHeader(name, more);
    }
  };
  subscribe(channel, created);
  return () => void unsubscribe(channel, created);
}

/** The members of a list that are not in another one. */
function beyond(list: string, own: string | undefined): string {
  if (own === undefined) return list;
  const there = new Set(own.split(','));
  return list
    .split(',')
    .filter((member) => !there.has(member))
    .join(',');
}

type Pairs = readonly (readonly [string, string])[];

/** undici takes an object, a flat list, pairs, or anything that iterates over pairs; older ones show a text. */
function listOf(headers: unknown): Pairs {
  if (headers === null || headers === undefined) return [];
  if (typeof headers === 'string')
    return headers.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
    });
  if (Array.isArray(headers) && !Array.isArray(headers[0]))
    return headers.flatMap((name, at) => (at % 2 === 0 ? pairsOf(String(name), headers[at + 1]) : []));
  const pairs = Symbol.iterator in Object(headers) ? (headers as Iterable<[string, unknown]>) : Object.entries(headers);
  return [...pairs].flatMap(([name, value]) => pairsOf(name, value));
}

function pairsOf(name: string, value: unknown): Pairs {
  return [value].flat().flatMap((one) => (one === undefined || one === null ? [] : [[name, String(one)] as const]));
}

function valueIn(pairs: Pairs, wanted: string): string | undefined {
  const values = pairs.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(',');
}
