import { currentContext } from './context.ts';
import { headersToAdd } from './outgoing-http.ts';

type Fetch = typeof globalThis.fetch;

/** `fetch` that carries the context of the current request; without one it is plain `fetch`. */
export const propagatingFetch: Fetch = (input, init) => propagating(globalThis.fetch)(input, init);

/** Makes a given `fetch` carry the context. */
export function propagating(plain: Fetch): Fetch {
  return (input, init) => {
    const context = currentContext();
    if (context === undefined) return plain(input, init);
    // As in fetch itself: headers in `init` replace those of a Request as a whole.
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    const added = headersToAdd(context, (name) => headers.get(name) ?? undefined);
    for (const [name, value] of Object.entries(added)) headers.set(name, value);
    return plain(input, { ...init, headers });
  };
}
