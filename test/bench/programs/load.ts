import { Agent, request } from 'node:http';
import { connect } from 'node:http2';
import { createInterface } from 'node:readline';
import { quantile } from '../quantiles.ts';

/**
 * Asks without a pause for a while, so many at a time, every second request with a context; says what it took. One line
 * of input is one round: kind, port, milliseconds, requests at a time.
 */
const headers = {
  accept: 'application/json',
  'user-agent': 'bench',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
};
const context = { baggage: 'msx-env=team,user=7', 'x-msx-env': 'team' };
const question = Buffer.from([0, 0, 0, 0, 3, 1, 2, 3]);

type Ask = (sent: Readonly<Record<string, string>>) => Promise<void>;
const asks = new Map<string, Ask>(); // connections stay from round to round

for await (const line of createInterface({ input: process.stdin })) {
  const [kind = 'http', port = '', ms = '', flights = ''] = line.split(' ');
  const key = `${kind} ${port}`;
  const ask = asks.get(key) ?? (kind === 'grpc' ? overGrpc(Number(port)) : overHttp(Number(port), Number(flights)));
  asks.set(key, ask);
  process.stdout.write(`${JSON.stringify(await round(ask, Number(ms), Number(flights)))}\n`);
}
process.exit();

async function round(ask: Ask, ms: number, flights: number): Promise<Readonly<Record<string, number>>> {
  const latencies: number[] = [];
  const begun = performance.now();
  const endsAt = begun + ms;
  await Promise.all(Array.from({ length: flights }, (_, index) => work(ask, { index, endsAt, latencies })));
  const [p50 = 0, p99 = 0] = [0.5, 0.99].map((share) => quantile(latencies, share));
  return { requests: latencies.length, elapsedMs: performance.now() - begun, p50, p99 };
}

type Worker = { readonly index: number; readonly endsAt: number; readonly latencies: number[] };

async function work(ask: Ask, { index, endsAt, latencies }: Worker): Promise<void> {
  let turn = index;
  do {
    const asked = performance.now();
    await ask(turn++ % 2 === 0 ? headers : { ...headers, ...context });
    latencies.push(performance.now() - asked);
  } while (performance.now() < endsAt);
}

function overHttp(port: number, maxSockets: number): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets });
  return (sent) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ agent, host: '127.0.0.1', port, path: '/items', headers: sent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`Answered with status ${response.statusCode}, wanted 200`));
        response.resume();
        response.once('end', resolve);
      });
      outgoing.once('error', reject);
      outgoing.end();
    });
}

function overGrpc(port: number): Ask {
  const session = connect(`http://127.0.0.1:${port}`);
  const call = { ':method': 'POST', ':path': '/bench.Items/List', te: 'trailers', 'content-type': 'application/grpc' };
  return (sent) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ...sent, ...call });
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
