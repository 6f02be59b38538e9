import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { KubeClient } from './kube-client.ts';

type Seen = { readonly method: string; readonly url: string; readonly type: string | undefined; readonly body: string };

async function aServer(answer: (response: ServerResponse, seen: Seen) => void) {
  const seen: Seen[] = [];
  const sockets = new Set<unknown>();
  const server = createServer((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, type: headers['content-type'], body: Buffer.concat(parts).toString() };
      seen.push(one);
      answer(response, one);
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new KubeClient(
    {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      source: 'a test',
      credentials: async () => ({ headers: { authorization: 'Bearer t' }, tls: {} }),
    },
    { callTimeoutMs: 300 },
  );
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  return { client, seen, sockets, server };
}

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } } as const;

function status(code: number, reason: string, message: string, headers: Record<string, string> = {}) {
  return (response: ServerResponse): void => {
    response.writeHead(code, headers).end(JSON.stringify({ kind: 'Status', reason, message }));
  };
}

test.each([
  [409, 'Conflict', 'changed', { kind: 'conflict', message: 'changed' }],
  [404, 'NotFound', 'gone', { kind: 'absent', message: 'gone' }],
  [403, 'Forbidden', 'no right', { kind: 'refused', status: 403, reason: 'Forbidden', message: 'no right' }],
  [422, 'Invalid', 'immutable', { kind: 'refused', status: 422 }],
  [429, 'TooManyRequests', 'later', { kind: 'unavailable', afterMs: 2_000 }],
  [503, 'ServiceUnavailable', 'not yet', { kind: 'unavailable' }],
  [504, 'Timeout', 'etcd', { kind: 'unknown' }],
  [500, '', 'failed to create typed patch object (x): .spec.y: field not declared', { kind: 'refused', status: 500 }],
])('a write that is answered %i is told as what it is', async (code, reason, message, expected) => {
  const { client } = await aServer(status(code, reason, message, { 'retry-after': '2' }));
  expect(await client.apply(object)).toMatchObject(expected);
});

test('a read that fails on the server has changed nothing', async () => {
  const { client } = await aServer(status(500, 'InternalError', 'etcd'));
  expect(await client.get(web)).toMatchObject({ kind: 'unavailable' });
});

test('a write without an answer is unknown, also where the server applied it', async () => {
  const { client, seen } = await aServer(() => {});
  expect(await client.apply(object)).toMatchObject({
    kind: 'unknown',
    message: expect.stringContaining('no answer within'),
  });
  expect(seen).toHaveLength(1);
});

test('a write that is cut off in the middle of its answer is unknown, a read is unavailable', async () => {
  const { client } = await aServer((response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"kind"');
    setImmediate(() => response.destroy());
  });
  expect(await client.apply(object)).toMatchObject({ kind: 'unknown' });
  expect(await client.get(web)).toMatchObject({ kind: 'unavailable' });
});

test('a write that nobody took the connection of has not happened', async () => {
  const { client, server } = await aServer(() => {});
  server.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await client.apply(object)).toMatchObject({ kind: 'unavailable' });
});

test('an API server that has just come back is not believed that it knows nobody', async () => {
  const forbidden = 'namespaces is forbidden: User "u" cannot list resource "namespaces"';
  const answers = [status(403, 'Forbidden', forbidden), status(503, 'ServiceUnavailable', 'starting')];
  const { client } = await aServer((response) => (answers.shift() ?? status(403, 'Forbidden', forbidden))(response));
  expect(await client.get(web)).toMatchObject({ kind: 'refused' });
  expect(await client.get(web)).toMatchObject({ kind: 'unavailable' });
  expect(await client.get(web)).toMatchObject({ kind: 'unavailable', message: expect.stringContaining(forbidden) });
});

test('calls share connections, also after a DELETE with a body', async () => {
  const { client, seen, sockets } = await aServer((response) => response.end('{}'));
  await client.get(web);
  await client.delete(web, { uid: 'u', resourceVersion: '7' });
  await client.apply(object);
  expect(sockets.size).toBe(1);
  expect(JSON.parse(seen[1]?.body ?? '')).toMatchObject({ preconditions: { uid: 'u', resourceVersion: '7' } });
  expect(seen[2]).toMatchObject({
    method: 'PATCH',
    url: '/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=microstax&force=true&fieldValidation=Strict',
    type: 'application/apply-patch+yaml',
  });
});
