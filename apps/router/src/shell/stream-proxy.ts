import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { isGrpc } from '../core/grpc-refusal.ts';
import type { RawHeaders } from '../core/headers.ts';
import type { Address } from '../core/route.ts';
import { type Refused, refuseGrpc, refuseStream, StreamClient, type StreamHead } from './client.ts';
import { Forwarding } from './forwarding.ts';
import { askedAt } from './http-proxy.ts';
import type { Routing } from './routing.ts';
import { StreamForwarding } from './stream-forwarding.ts';

/** A request of an HTTP/2 client, as Node announces it. */
export type ArrivedStream = {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly raw: RawHeaders;
  readonly flags: number;
  /** Whether the listener's port is declared as one of gRPC. */
  readonly toGrpcPort: boolean;
};

/**
 * Forwards one stream by its own context. It goes on over HTTP/2 where its port or its content type is gRPC, for only
 * there is a target known to speak it; all others speak HTTP/1.1 (decision 27).
 */
export function handleStream(routing: Routing, address: Address, arrived: ArrivedStream): void {
  const { stream, headers, toGrpcPort } = arrived;
  const head = headOf(arrived);
  stream.on('error', () => {}); // its close tells
  const impossible = impossibleStream(headers);
  if (impossible !== undefined) {
    routing.refusals.say(address, impossible);
    if (head.isGrpc) refuseGrpc(stream, impossible);
    else refuseStream(stream, impossible);
    return;
  }
  const { asked, probe } = askedAt(address, headers, routing);
  if (probe !== undefined) stream.once('close', () => probe.end());
  if (headers.expect !== undefined && !stream.closed) stream.additionalHeaders({ ':status': 100 });
  if (toGrpcPort || head.isGrpc) new StreamForwarding({ routing, asked, probe, stream, head }).begin();
  else new Forwarding({ routing, asked, probe, client: new StreamClient(stream, head) }).begin();
}

function headOf({ headers, raw, flags }: ArrivedStream): StreamHead {
  return {
    method: headers[':method'] ?? 'GET',
    path: headers[':path'] ?? '/',
    raw,
    endStream: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0,
    isGrpc: isGrpc(headers['content-type']),
  };
}

function impossibleStream(headers: IncomingHttpHeaders): Refused | undefined {
  const { ':method': method, ':path': path = '' } = headers;
  if (method === 'CONNECT')
    return { status: 501, code: 'no-connect', reason: 'tunnels are not routed; use an upgrade of HTTP/1.1' };
  if (!path.startsWith('/') && path !== '*')
    return { status: 400, code: 'bad-target', reason: 'the request target must be a path that begins with "/"' };
  return undefined;
}
