import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { listening, sayPorts } from './ports.ts';

/** Two targets over HTTP/1.1 and two over gRPC that answer at once: what they cost is not the proxy's. */
const body = Buffer.from(JSON.stringify({ items: Array.from({ length: 20 }, (_, id) => ({ id, price: 1999 })) }));
const message = Buffer.concat([Buffer.from([0, 0, 0, body.length >> 8, body.length & 255]), body]);

function http1() {
  return createServer({ keepAliveTimeout: 60_000 }, (_, outgoing) => {
    outgoing.setHeader('content-type', 'application/json');
    outgoing.setHeader('content-length', body.length);
    outgoing.end(body);
  });
}

function grpc() {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.resume();
    stream.once('end', () => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.end(message);
    });
  });
  return server;
}

const [base, changed, grpcBase, grpcChanged] = await Promise.all([http1(), http1(), grpc(), grpc()].map(listening));
sayPorts({ base, changed, grpcBase, grpcChanged });
