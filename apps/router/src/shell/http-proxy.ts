import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../core/context.ts';
import { headerText, reasonHeader } from '../core/headers.ts';
import type { Address } from '../core/route.ts';
import { Forwarding } from './forwarding.ts';
import type { Routing } from './routing.ts';

/** A request that the router answers itself. */
export type Refused = { readonly status: number; readonly code: string; readonly reason: string };

/** Forwards an HTTP/1.1 request, or says why not. */
export function handleHttp(
  routing: Routing,
  address: Address,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const refuse = (refused: Refused): void => {
    routing.refusals.say(address, refused);
    answer(outgoing, refused);
  };
  const impossible = impossibleRequest(incoming);
  if (impossible !== undefined) {
    refuse(impossible);
    return;
  }
  const headerName = routing.tables.table(address.env)?.table.context.headerName;
  const context = headerName === undefined ? undefined : contextOf(incoming.headers, headerName);
  new Forwarding({ routing, asked: { ...address, context }, incoming, outgoing, refuse }).begin();
}

function impossibleRequest({ url = '', headers }: IncomingMessage): Refused | undefined {
  if (!url.startsWith('/') && url !== '*')
    return { status: 400, code: 'bad-target', reason: 'the request target must be a path that begins with "/"' };
  // h2c is an offer, which a server may pass over; any other protocol is what the client came for.
  if (headers.upgrade !== undefined && headers.upgrade.toLowerCase() !== 'h2c')
    return {
      status: 501,
      code: 'no-upgrade',
      reason: 'upgrades such as WebSocket are not routed yet; use plain HTTP/1.1',
    };
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return { status: 501, code: 'no-coding', reason: 'transfer codings other than chunked are not routed' };
  return undefined;
}

function answer(outgoing: ServerResponse, { status, code, reason }: Refused): void {
  const body = `${JSON.stringify({ error: { code, message: reason } })}\n`;
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    [reasonHeader]: headerText(`${code}; ${reason}`),
  });
  outgoing.end(body);
}
