import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '@microstax/testkit/random';
import { connectionOf } from '../../services/runtime/src/shell/kubernetes/kube-connection.ts';

export const apiFaults = ['409', '429', '500', '503', 'hang', 'reset', 'applied and not answered'] as const;
export type ApiFault = (typeof apiFaults)[number];

export type ApiProxy = AsyncDisposable & {
  readonly url: string;
  /** How often each was done so far. */
  readonly done: Readonly<Record<ApiFault, number>>;
  /** Answered applies by object and by what was applied: more than one is an effect that happened twice. */
  readonly applies: ReadonlyMap<string, number>;
};

/** Stands before a Kubernetes API and does each fault `times` times, at random calls, then none. */
export async function apiProxy(kubeconfig: string, times: number, seed: number): Promise<ApiProxy> {
  const random = seededRandom(seed);
  const done = Object.fromEntries(apiFaults.map((fault) => [fault, 0])) as Record<ApiFault, number>;
  const applies = new Map<string, number>();
  const forward = await forwarding(kubeconfig);
  const server = createServer((incoming, response) => {
    void readAll(incoming).then(async (body) => {
      const writes = incoming.method !== 'GET';
      const open = apiFaults.filter((fault) => done[fault] < times && (writes || !isForWrites(fault)));
      const fault = open.length > 0 && random.next() < faultRate ? random.pick(open) : undefined;
      if (fault !== undefined) done[fault] += 1;
      if (fault === 'hang') return;
      if (fault === 'reset') return void incoming.socket.destroy();
      if (fault !== undefined && fault !== 'applied and not answered') return refuse(response, Number(fault));
      const { status, type, bytes } = await forward(incoming, body);
      if (incoming.method === 'PATCH' && status < 300) count(applies, incoming, body);
      if (fault === undefined) response.writeHead(status, { 'content-type': type }).end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    done,
    applies,
    [Symbol.asyncDispose]: () => close(server),
  };
}

const faultRate = 0.15;

/** The server itself answers a read with no conflict, and applies none. */
function isForWrites(fault: ApiFault): boolean {
  return fault === '409' || fault === 'applied and not answered';
}

function refuse(response: ServerResponse, status: number): void {
  const reasons: Readonly<Record<number, string>> = {
    409: 'Conflict',
    429: 'TooManyRequests',
    500: 'InternalError',
    503: 'ServiceUnavailable',
  };
  const body = { kind: 'Status', reason: reasons[status], message: 'a fault of a test', code: status };
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(body));
}

function count(applies: Map<string, number>, { url = '' }: IncomingMessage, body: Buffer): void {
  const { metadata } = JSON.parse(body.toString()) as { metadata?: { annotations?: Record<string, string> } };
  const digest = metadata?.annotations?.['microstax.dev/digest'];
  if (digest === undefined) return;
  const key = `${url.split('?')[0]} ${digest}`;
  applies.set(key, (applies.get(key) ?? 0) + 1);
}

type Answered = { readonly status: number; readonly type: string; readonly bytes: Buffer };

async function forwarding(kubeconfig: string): Promise<(incoming: IncomingMessage, body: Buffer) => Promise<Answered>> {
  const connection = await connectionOf(kubeconfig);
  const { headers: proof, tls } = await connection.credentials();
  const agent = new Agent({ ...tls, keepAlive: true, maxSockets: 16 });
  return ({ method = 'GET', url = '/', headers }, body) =>
    new Promise((resolve, reject) => {
      const { accept = '*/*', 'content-type': contentType } = headers;
      const own = {
        accept,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        'content-length': String(body.length),
      };
      const call = request(connection.server + url, { method, agent, headers: { ...own, ...proof } }, (answer) => {
        readAll(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', bytes }),
          reject,
        );
      });
      call.once('error', reject);
      call.end(body);
    });
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
