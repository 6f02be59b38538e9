import { Agent, createServer, request } from 'node:http';
import { connect, constants, createServer as createHttp2Server } from 'node:http2';
import { listening, sayPorts } from './ports.ts';

/** What Node itself costs: it reads no context, asks its two targets in turns, and keeps its sockets as the router does. */
const [base, changed, grpcBase, grpcChanged] = process.argv.slice(2).map(Number);
let turn = 0;
const agent = new Agent({ keepAlive: true, timeout: 1_000 });

const http1 = createServer((incoming, outgoing) => {
  const { method, url, rawHeaders } = incoming;
  const port = turn++ % 2 === 0 ? base : changed;
  const upstream = request({ agent, host: '127.0.0.1', port, method, path: url, headers: rawHeaders });
  upstream.once('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.statusMessage, response.rawHeaders);
    response.pipe(outgoing);
  });
  upstream.once('error', () => outgoing.destroy());
  if (incoming.headers['content-length'] === undefined) upstream.end();
  else incoming.pipe(upstream);
});

const sessions = [grpcBase, grpcChanged].map((port) => connect(`http://127.0.0.1:${port}`));
const http2 = createHttp2Server();
http2.on('stream', (stream, headers, flags) => {
  const session = sessions[turn++ % 2];
  const upstream = session?.request(headers, { endStream: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 });
  if (upstream === undefined) return;
  let trailers = {};
  stream.on('error', () => {});
  upstream.on('error', () => stream.destroy());
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  upstream.once('trailers', (received) => {
    trailers = received;
  });
  upstream.once('response', (received) => {
    stream.respond(received, { waitForTrailers: true });
    upstream.pipe(stream);
  });
  stream.pipe(upstream);
});

sayPorts({ http: await listening(http1), grpc: await listening(http2) });
