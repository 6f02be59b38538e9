import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, isMalformed } from '../core/context.ts';
import { readHeaders } from '../core/read-headers.ts';
import type { Address, Asked } from '../core/route.ts';
import { Http1Client, type Refused } from './client.ts';
import { Forwarding } from './forwarding.ts';
import type { ProbedHeaders, ProbePassage } from './probes.ts';
import type { Routing } from './routing.ts';

/** Where a request arrived, and whether there will be another one there. */
export type ArrivedAt = { readonly address: Address; readonly isStopping: () => boolean };

/** Forwards an HTTP/1.1 request, or says why not. */
export function handleHttp(
  routing: Routing,
  { address, isStopping }: ArrivedAt,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const headerName = routing.tables.table(address.env)?.table.context.headerName;
  const headers = readHeaders(incoming.rawHeaders, headerName);
  const client = new Http1Client(incoming, outgoing, { headers, isLast: isStopping });
  const impossible = impossibleRequest({ url: incoming.url, headers });
  if (impossible !== undefined) {
    routing.refusals.say(address, impossible);
    client.refuse(impossible);
    return;
  }
  const { asked, probe } = askedAt(address, headers, routing);
  if (probe !== undefined) outgoing.once('close', () => probe.end());
  new Forwarding({ routing, asked, probe, client }).begin();
}

export type AskedAt = { readonly asked: Asked; readonly probe: ProbePassage | undefined };

/** What a request asks for: the listener's address, the context that came with it, and the probe that it belongs to. */
export function askedAt({ env, service, port }: Address, headers: ProbedHeaders, routing: Routing): AskedAt {
  const headerName = routing.tables.table(env)?.table.context.headerName;
  const context = headerName === undefined ? undefined : contextOf(headers, headerName);
  const malformed = context === undefined && headerName !== undefined && isMalformed(headers, headerName);
  const asked = { env, service, port, context, malformed };
  return { asked, probe: routing.probes.begin(asked, headers, context) };
}

type RequestLine = {
  readonly url?: string | undefined;
  readonly headers: { readonly 'transfer-encoding'?: string | undefined };
};

/** Also of an upgrade. */
export function impossibleRequest({ url = '', headers }: RequestLine): Refused | undefined {
  if (!url.startsWith('/') && url !== '*')
    return { status: 400, code: 'bad-target', reason: 'the request target must be a path that begins with "/"' };
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return { status: 501, code: 'no-coding', reason: 'transfer codings other than chunked are not routed' };
  return undefined;
}
