import type { RawHeaders } from './headers.ts';

/** What the router looks at, whatever the request is; Node would take all other headers apart as well. */
const lookedAt = ['baggage', 'content-length', 'traceparent', 'tracestate', 'transfer-encoding'] as const;
const byLength = new Map<number, readonly string[]>(Map.groupBy(lookedAt, (name) => name.length));

/** Headers by their lower-case names: those that the router looks at and the one that carries the context. */
export function readHeaders(raw: RawHeaders, headerName: string | undefined): Readonly<Record<string, string>> {
  const read: Record<string, string> = {};
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const names = byLength.get(name.length);
    if (names === undefined && name.length !== headerName?.length) continue;
    const lower = name.toLowerCase();
    if (lower !== headerName && !names?.includes(lower)) continue;
    const before = read[lower];
    read[lower] = before === undefined ? (raw[at + 1] as string) : `${before}, ${raw[at + 1]}`;
  }
  return read;
}
