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

/** Lengths of names that need a closer look; most headers have another one and pass without it. */
const closerLook: readonly boolean[] = lengthsOf([
  ...hopByHop,
  ...keptAlways,
  'baggage',
  'x-msx-target',
  'x-msx-reason',
]);

function lengthsOf(names: readonly string[]): readonly boolean[] {
  const longest = Math.max(...names.map(({ length }) => length));
  return Array.from({ length: longest + 1 }, (_, length) => names.some((name) => name.length === length));
}

/** Of these methods a server expects no body, and none is announced. */
const usuallyWithoutBody = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

export const targetHeader = 'x-msx-target';
export const reasonHeader = 'x-msx-reason';

/** Whether a body follows, as the request's headers say. */
export function announcesBody(headers: { readonly [name: string]: string | string[] | undefined }): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  return headers['content-length'] !== undefined && headers['content-length'] !== '0';
}

/** `probe` is the baggage member of a probe that is under way. */
export type RequestHeadersOptions = {
  readonly method: string;
  readonly host: string;
  readonly stamp: Stamp | null;
  readonly probe?: string | undefined;
  /** Of an address outside, which may be asked for by its own name only; others are told whom the client meant. */
  readonly authority?: string | undefined;
};

/** What is sent to the target: end-to-end headers, the body's framing, and the stamp in both carriers. */
export function requestHeaders(raw: RawHeaders, options: RequestHeadersOptions): string[] {
  const { method, host, stamp, probe, authority } = options;
  const headers: string[] = [];
  let [connection, hasHost, isSized, isChunked] = ['', false, false, false];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (closerLook[name.length] !== true && name.length !== stamp?.headerName.length) {
      headers.push(name, value);
      continue;
    }
    const lower = name.toLowerCase();
    if (lower === 'connection') connection += connection === '' ? value : `,${value}`;
    else if (lower === 'transfer-encoding') isChunked = true;
    if (hopByHop.has(lower)) continue;
    if (lower === 'host' && authority !== undefined) continue;
    if (lower === 'host') hasHost = true;
    else if (lower === 'content-length') isSized = true;
    else if (isStamped(lower, stamp, probe)) continue;
    headers.push(name, value);
  }
  const sent = withoutNamed(headers, connection);
  if (!hasHost) sent.push('host', authority ?? host);
  if (isChunked) sent.push('transfer-encoding', 'chunked');
  else if (!isSized && !usuallyWithoutBody.has(method)) sent.push('content-length', '0');
  pushStamp(sent, raw, stamp, probe);
  return sent;
}

/** Whether a header is said anew by `pushStamp`. */
export function isStamped(lower: string, stamp: Stamp | null, probe: string | undefined): boolean {
  if (lower === 'baggage') return stamp !== null || probe !== undefined;
  return stamp !== null && lower === stamp.headerName;
}

/** The context in both its carriers, and a probe's member in baggage. */
export function pushStamp(headers: string[], raw: RawHeaders, stamp: Stamp | null, probe?: string): void {
  if (stamp === null && probe === undefined) return;
  headers.push('baggage', stampedBaggage(headerOf(raw, 'baggage'), stamp?.value, probe));
  if (stamp !== null) headers.push(stamp.headerName, stamp.value);
}

/** What the client gets: the target's end-to-end headers, and who answered and why. */
export function responseHeaders(
  raw: RawHeaders,
  answered: { readonly target: string; readonly reason: string },
): string[] {
  const headers: string[] = [];
  let connection = '';
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (closerLook[name.length] !== true) {
      headers.push(name, value);
      continue;
    }
    const lower = name.toLowerCase();
    if (lower === 'connection') connection += connection === '' ? value : `,${value}`;
    if (hopByHop.has(lower) || lower === targetHeader || lower === reasonHeader) continue;
    headers.push(name, value);
  }
  const sent = withoutNamed(headers, connection);
  sent.push(targetHeader, headerText(answered.target), reasonHeader, headerText(answered.reason));
  return sent;
}

/** A text that may stand in a header, whatever somebody typed into it. */
export function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** Without the headers that a `Connection` header calls its own. */
function withoutNamed(headers: string[], connection: string): string[] {
  if (connection === '' || connection === 'keep-alive' || connection === 'close') return headers;
  const named = connection.toLowerCase().split(/[\s,]+/);
  const sent: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const lower = (headers[at] as string).toLowerCase();
    if (!named.includes(lower) || keptAlways.has(lower)) sent.push(headers[at] as string, headers[at + 1] as string);
  }
  return sent;
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
