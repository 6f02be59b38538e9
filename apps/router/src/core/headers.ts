import { stampedBaggage } from './context.ts';

/** Headers as Node has them raw: name, value, name, value. */
export type RawHeaders = readonly string[];

/** The context that a request leaves with. */
export type Stamp = { readonly value: string; readonly headerName: string };

/** RFC 9110, 7.6.1; the router itself answers `expect`, and says the body's framing anew. */
const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A `Connection` header may not take these away: a body without its length would be read as the next request. */
const keptAlways = new Set(['content-length', 'host']);

/** Of these methods a server expects no body, and none is announced. */
const usuallyWithoutBody = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

export const targetHeader = 'x-msx-target';
export const reasonHeader = 'x-msx-reason';

/** Whether a body follows, as the request's headers say. */
export function announcesBody(headers: { readonly [name: string]: string | string[] | undefined }): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  return headers['content-length'] !== undefined && headers['content-length'] !== '0';
}

/** What is sent to the target: end-to-end headers, the body's framing, and the stamp in both carriers. */
export function requestHeaders(
  raw: RawHeaders,
  { method, host, stamp }: { readonly method: string; readonly host: string; readonly stamp: Stamp | null },
): string[] {
  const replaced = stamp === null ? [] : ['baggage', stamp.headerName];
  const headers = endToEnd(raw, replaced);
  if (headerOf(raw, 'host') === undefined) headers.push('host', host);
  if (headerOf(raw, 'transfer-encoding') !== undefined) headers.push('transfer-encoding', 'chunked');
  else if (headerOf(raw, 'content-length') === undefined && !usuallyWithoutBody.has(method))
    headers.push('content-length', '0');
  if (stamp !== null)
    headers.push('baggage', stampedBaggage(headerOf(raw, 'baggage'), stamp.value), stamp.headerName, stamp.value);
  return headers;
}

/** What the client gets: the target's end-to-end headers, and who answered and why. */
export function responseHeaders(
  raw: RawHeaders,
  answered: { readonly target: string; readonly reason: string },
): string[] {
  const headers = endToEnd(raw, [targetHeader, reasonHeader]);
  headers.push(targetHeader, headerText(answered.target), reasonHeader, headerText(answered.reason));
  return headers;
}

/** A text that may stand in a header, whatever somebody typed into it. */
export function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

function endToEnd(raw: RawHeaders, replaced: readonly string[]): string[] {
  const named = (headerOf(raw, 'connection') ?? '').toLowerCase();
  const dropped = named === '' || named === 'keep-alive' || named === 'close' ? [] : named.split(/[\s,]+/);
  const headers: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || replaced.includes(lower)) continue;
    if (dropped.includes(lower) && !keptAlways.has(lower)) continue;
    headers.push(name, raw[at + 1] ?? '');
  }
  return headers;
}

/** All values of a name, joined as HTTP allows for lists. */
function headerOf(raw: RawHeaders, wanted: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    found = found === undefined ? raw[at + 1] : `${found},${raw[at + 1]}`;
  }
  return found;
}
