import {
  headerText,
  isStamped,
  pushStamp,
  type RawHeaders,
  reasonHeader,
  type Stamp,
  targetHeader,
} from './headers.ts';

/** RFC 9113, 8.2.2: of one connection, and forbidden in HTTP/2. `te` may say that trailers are read. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** A request's head as it goes on to a target over HTTP/2: all but what is of the connection, then the stamp. */
export function streamRequestHeaders(
  raw: RawHeaders,
  { stamp, authority }: { readonly stamp: Stamp | null; readonly authority?: string | undefined },
  probe?: string,
): string[] {
  const headers = kept(raw, (name) => name === 'expect' || isStamped(name, stamp, probe));
  if (authority !== undefined) rename(headers, authority);
  pushStamp(headers, raw, stamp, probe);
  return headers;
}

/** An address outside is asked for by its own name. */
function rename(headers: string[], authority: string): void {
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at] === ':authority' || headers[at] === 'host') headers[at + 1] = authority;
}

/** The answer's head as a client gets it, with who answered and why. */
export function streamAnswerHeaders(
  raw: RawHeaders,
  answered: { readonly target: string; readonly reason: string },
): string[] {
  const headers = kept(raw, (name) => name === targetHeader || name === reasonHeader);
  headers.push(targetHeader, headerText(answered.target), reasonHeader, headerText(answered.reason));
  return headers;
}

/** Trailers in the form that Node sends: a name with all its values. */
export function trailersOf(raw: RawHeaders): Record<string, string[]> {
  const trailers: Record<string, string[]> = Object.create(null);
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    trailers[name] ??= [];
    trailers[name].push(raw[at + 1] ?? '');
  }
  return trailers;
}

/** A request's head as HTTP/1.1 writes it: the authority as host, cookies in one line, and a body's framing. */
export function requestHeadOf(raw: RawHeaders, hasBody: boolean): string[] {
  const authority = headerIn(raw, ':authority');
  const head: string[] = authority === undefined ? [] : ['host', authority];
  const cookies: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    if (name === 'cookie') cookies.push(value);
    else if (name === 'host' ? authority === undefined : !name.startsWith(':') && !ofConnection.has(name))
      head.push(name, value);
  }
  if (cookies.length > 0) head.push('cookie', cookies.join('; ')); // RFC 9113, 8.2.3
  if (hasBody && headerIn(raw, 'content-length') === undefined) head.push('transfer-encoding', 'chunked');
  return head;
}

/** What an answer of HTTP/1.1 says over HTTP/2. */
export function streamAnswerOf(status: number, raw: RawHeaders): string[] {
  const headers = [':status', String(status)];
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    if (!ofConnection.has(name)) headers.push(name, raw[at + 1] ?? '');
  }
  return headers;
}

function kept(raw: RawHeaders, isDropped: (name: string) => boolean): string[] {
  const headers: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!ofConnection.has(name) && !isDropped(name)) headers.push(name, raw[at + 1] ?? '');
  }
  return headers;
}

function headerIn(raw: RawHeaders, wanted: string): string | undefined {
  const at = raw.findIndex((text, index) => index % 2 === 0 && text === wanted);
  return at < 0 ? undefined : raw[at + 1];
}
