// A gRPC service for scenarios, without a library: answers who it is and, over one connection, what its upstream answers, with
// the call's baggage passed on. PORT, NAME, UPSTREAM (`host:port`). A message of `think=<ms>` is thought about by who has no
// upstream. SIGTERM ends it once every call is answered, or with RUDE=1 at once.
import { connect, createServer } from 'node:http2';

const { PORT = '0', NAME = 'echo', UPSTREAM = '', MSX_ENV = '', RUDE = '' } = process.env;
let upstream;

const server = createServer();
const sessions = new Set();
server.on('session', (session) => {
  sessions.add(session);
  session.once('close', () => sessions.delete(session));
});
server.on('stream', async (stream, { ':path': path, baggage }) => {
  stream.on('error', () => {});
  const end = (trailers) => {
    if (stream.destroyed) return;
    stream.once('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end();
  };
  try {
    const asked = await messageOf(stream);
    const answer = UPSTREAM === '' ? await thought(asked) : await call(path, asked, baggage);
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.write(framed(`${NAME}@${MSX_ENV}${answer}`));
    end({ 'grpc-status': '0' });
  } catch (error) {
    if (stream.destroyed) return;
    if (!stream.headersSent)
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    end({ 'grpc-status': '13', 'grpc-message': encodeURIComponent(`${NAME}: ${error.message}`) });
  }
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`${NAME} listens`));
process.once('SIGTERM', () => {
  if (RUDE === '1') process.exit(0);
  server.close(() => process.exit(0));
  for (const session of sessions) session.close();
});

async function thought(asked) {
  const ms = Number(/^think=(\d+)/.exec(asked)?.[1] ?? 0);
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  return '';
}

async function call(path, message, baggage) {
  if (upstream === undefined || upstream.closed || upstream.destroyed) {
    upstream = connect(`http://${UPSTREAM}`);
    upstream.on('error', () => {});
  }
  const stream = upstream.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(baggage === undefined ? {} : { baggage }),
  });
  let status;
  let why = 'no status';
  const look = (headers) => {
    if (headers['grpc-status'] === undefined) return;
    status = headers['grpc-status'];
    why = decodeURIComponent(headers['grpc-message'] ?? `status ${status}`);
  };
  stream.on('response', look);
  stream.on('trailers', look);
  stream.end(framed(message));
  const answer = await messageOf(stream);
  if (status !== '0') throw new Error(why);
  return ` > ${answer}`;
}

async function messageOf(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).subarray(5).toString();
}

function framed(text) {
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}
