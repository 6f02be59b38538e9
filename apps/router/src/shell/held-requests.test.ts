import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { eventually } from '@microstax/testkit/eventually';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { call, connected } from '../testing/calls.ts';
import { EchoClient, startGrpcInstance } from '../testing/grpc.ts';
import { startInstance, startTcpInstance } from '../testing/instances.ts';
import { aRouter, shopAt, type TestRouter } from '../testing/router.ts';

/** What waits while its environment is woken, by each way in: nothing is lost, and nothing is read before its time. */

const asleep = { ...shopAt([]), asleep: true as const };

/** A router that knows that `shop` sleeps; `wakeAt` tells it where `shop` runs. */
function sleepingShop(limits = {}): TestRouter & { readonly asked: string[]; wakeAt(port: number): void } {
  const router = aRouter(limits);
  const asked: string[] = [];
  router.routing.sleepers.wakeBy(async (env) => {
    asked.push(env);
    return { kind: 'waking', generation: 3 };
  });
  router.put(asleep);
  return { ...router, asked, wakeAt: (port) => router.put(shopAt([port], { generation: 2 })) };
}

const held = (router: TestRouter, count: number) => eventually(() => router.routing.sleepers.count === count);

test('a body is read from its client only once there is somebody to send it to, and then whole', async () => {
  const bytes = 8_000_000;
  let received = 0;
  await using web = await startInstance('web', (incoming, outgoing) => {
    incoming.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    incoming.on('end', () => outgoing.end('whole'));
  });
  await using router = sleepingShop();
  const port = await router.listen('shop', 'web');
  const asking = request({ host: '127.0.0.1', port, method: 'POST', headers: { 'content-length': bytes } });
  const answered = once(asking, 'response');
  const body = Buffer.alloc(bytes);
  asking.write(body);
  await held(router, 1);
  const socket = asking.socket as Socket;
  // Sockets of both sides take some of it; the rest waits with the client.
  await eventually(() => socket.bytesWritten > 0);
  expect(asking.writableLength).toBeGreaterThan(0);
  router.wakeAt(web.port);
  asking.end();
  const [response] = await answered;
  expect(response.statusCode).toBe(200);
  expect(received).toBe(bytes);
});

test('a client that leaves gives its place back, with HTTP and with a raw connection that breaks', async () => {
  await using router = sleepingShop({ wakeHeldMax: 2 });
  const port = await router.listen('shop', 'web');
  const one = request({ host: '127.0.0.1', port, path: '/' });
  one.on('error', () => {});
  one.end();
  await held(router, 1);
  one.destroy();
  await held(router, 0);
  expect(router.asked).toEqual(['shop']);
  await using raw = sleepingShop();
  const socket = await connected(await raw.listen('shop', 'web', 'tcp'));
  socket.on('error', () => {});
  await held(raw, 1);
  socket.resetAndDestroy();
  await held(raw, 0);
});

test('who finds no place is refused with Retry-After, and no other is', async () => {
  await using web = await startInstance('web');
  await using router = sleepingShop({ wakeHeldMax: 1 });
  const port = await router.listen('shop', 'web');
  const patient = call(port);
  await held(router, 1);
  const refused = await call(port);
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'too-many-held' } });
  router.wakeAt(web.port);
  expect((await patient).status).toBe(200);
});

test('a gRPC call is held, and refused as gRPC where it was held for too long', async () => {
  await using web = await startGrpcInstance('web');
  await using router = sleepingShop();
  using client = new EchoClient(await router.listen('shop', 'web', 'grpc'));
  const answer = client.one('a', new Metadata());
  await held(router, 1);
  router.wakeAt(web.port);
  expect(await answer).toBe('web');

  await using hasty = sleepingShop({ wakeHoldMs: 20 });
  using other = new EchoClient(await hasty.listen('shop', 'web', 'grpc'));
  const failed = await other.one('a', new Metadata()).catch((error: ServiceError) => error);
  expect(failed).toMatchObject({ code: status.UNAVAILABLE });
  expect(String(failed)).toContain('was not ready within');
});

test('an upgrade is held by its first request', async () => {
  await using web = await startInstance('web');
  const sockets = new WebSocketServer({ server: web.server });
  sockets.on('connection', (socket) => socket.send('here'));
  await using router = sleepingShop();
  const socket = new WebSocket(`ws://127.0.0.1:${await router.listen('shop', 'web')}/`);
  const said = once(socket, 'message');
  await held(router, 1);
  router.wakeAt(web.port);
  expect(String((await said)[0])).toBe('here');
  socket.terminate();
  sockets.close();
});

test('a raw connection is held with what its client has sent', async () => {
  await using web = await startTcpInstance((socket) => socket.pipe(socket));
  await using router = sleepingShop();
  const socket = await connected(await router.listen('shop', 'web', 'tcp'));
  socket.write('before');
  await held(router, 1);
  router.wakeAt(web.port);
  expect(String((await once(socket, 'data'))[0])).toBe('before');
  socket.destroy();
});
