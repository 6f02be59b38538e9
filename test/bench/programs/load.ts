import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { quantile } from '../quantiles.ts';

/** Asks without a pause for a while, so many at a time, every second request with a context; says what it took. */
const [kind = 'http', portText, millisecondsText, flightsText] = process.argv.slice(2);
const port = Number(portText);
const flights = Number(flightsText);
const headers = {
  accept: 'application/json',
  'user-agent': 'bench',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
};
const context = { baggage: 'msx-env=team,user=7', 'x-msx-env': 'team' };
const question = Buffer.from([0, 0, 0, 0, 3, 1, 2, 3]);

const agent = new Agent({ keepAlive: true, maxSockets: flights });
const session = kind === 'grpc' ? connect(`http://127.0.0.1:${port}`) : undefined;
const latencies: number[] = [];
const begun = performance.now();
const endsAt = begun + Number(millisecondsText);
await Promise.all(Array.from({ length: flights }, (_, index) => work(index)));
const elapsedMs = performance.now() - begun;
const [p50, p99] = [0.5, 0.99].map((share) => quantile(latencies, share));
process.stdout.write(`${JSON.stringify({ requests: latencies.length, elapsedMs, p50, p99 })}\n`);
agent.destroy();
session?.close();

async function work(index: number): Promise<void> {
  for (let turn = index; performance.now() < endsAt; turn++) {
    const asked = performance.now();
    const sent = turn % 2 === 0 ? headers : { ...headers, ...context };
    await (session === undefined ? http1(sent) : grpc(session, sent));
    latencies.push(performance.now() - asked);
  }
}

function http1(sent: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, path: '/items', headers: sent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`Answered with status ${response.statusCode}, wanted 200`));
      response.resume();
      response.once('end', resolve);
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

function grpc(over: ClientHttp2Session, sent: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = {
      ':method': 'POST',
      ':path': '/bench.Items/List',
      te: 'trailers',
      'content-type': 'application/grpc',
    };
    const stream = over.request({ ...sent, ...call });
    let status: unknown;
    stream.once('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.once('error', reject);
    stream.once('close', () =>
      status === '0' ? resolve() : reject(new Error(`Ended with gRPC status ${status}, wanted 0`)),
    );
    stream.resume();
    stream.end(question);
  });
}
