import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '@microstax/testkit/eventually';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { exchange } from '../testing/calls.ts';
import { aFreePort, type Instance, startInstance } from '../testing/instances.ts';
import { aRouter, shopAt } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';

test('a WebSocket carries messages both ways, and the close codes of either side', async () => {
  await using web = await startEcho('web');
  await using router = aRouter();
  router.put(shopAt([web.port]));
  const port = await router.listen('shop', 'web');
  const socket = await opened(port, '/chat?x=1', { 'x-asked': 'this' });
  expect(await said(socket)).toBe('web /chat?x=1 this');
  socket.send('hello');
  expect(await said(socket)).toBe('hello');
  const large = Buffer.alloc(3_000_000, 'x').toString();
  socket.send(large);
  expect(await said(socket)).toBe(large);
  socket.send('close 4001');
  const [code, reason] = await once(socket, 'close');
  expect([code, String(reason)]).toEqual([4001, 'as told']);

  const other = await opened(port);
  await said(other);
  other.close(4002, 'enough');
  await eventually(() => web.closed.includes('4002 enough'));
  await eventually(() => router.routing.inFlight.open('shop', ['web-0']) === 0);
});

test('a WebSocket goes where its first request says, and says who answers', async () => {
  await using base = await startEcho('base');
  await using changed = await startEcho('changed');
  await using router = aRouter();
  router.put(shopAt([base.port]));
  router.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [changed.port] } }));
  const port = await router.listen('shop', 'web');
  for (const [headers, name] of [
    [{}, 'base'],
    [{ baggage: 'msx-env=team' }, 'changed'],
    [{ 'x-msx-env': 'team' }, 'changed'],
  ] as const) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers });
    const answered = once(socket, 'upgrade');
    expect(await said(socket)).toMatch(new RegExp(`^${name} `));
    const target = name === 'base' ? 'shop/web' : 'team/web';
    expect((await answered)[0].headers).toMatchObject({ 'x-msx-target': target });
    socket.terminate();
  }
});

test('who reads slowly stops who sends, and loses nothing', async () => {
  await using web = await startEcho('web');
  await using router = aRouter();
  router.put(shopAt([web.port]));
  const socket = await opened(await router.listen('shop', 'web'));
  await said(socket);
  socket.pause();
  socket.send('flood 4000');
  await eventually(() => web.buffered() > 10_000_000); // the target holds what nobody reads: nothing between does
  socket.resume();
  let count = 0;
  socket.on('message', () => {
    count += 1;
  });
  await eventually(() => count === 4_000, { timeoutMs: 20_000 });
  socket.terminate();
});

test('a target that dies breaks the connection, and one that refuses is heard', async () => {
  await using web = await startEcho('web');
  await using router = aRouter();
  router.put(shopAt([web.port]));
  const port = await router.listen('shop', 'web');
  const socket = await opened(port);
  await said(socket);
  const closed = once(socket, 'close');
  web.break();
  expect((await closed)[0]).toBe(1006);

  await using plain = await startInstance('plain', (_, outgoing) => void outgoing.writeHead(403).end('not you'));
  router.put(shopAt([plain.port]));
  const answer = await exchange(port, upgradeOf('/'));
  expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  expect(answer).toContain('x-msx-target: shop/web');
  expect(answer).toMatch(/not you/);
  router.put(shopAt([await aFreePort()]));
  expect(await exchange(port, upgradeOf('/'))).toMatch(/^HTTP\/1\.1 502 [\s\S]*"code":"upstream-failed"/);
  router.put(shopAt([]));
  expect(await exchange(port, upgradeOf('/'))).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"no-endpoint"/);
  expect(router.routing.inFlight.open('shop', ['web-0'])).toBe(0);
});

test('an upgraded connection whose target has moved is ended after a while', async () => {
  await using one = await startEcho('one');
  await using two = await startEcho('two');
  await using router = aRouter({ lingerMs: 50 });
  router.put(shopAt([one.port]));
  const port = await router.listen('shop', 'web');
  const socket = await opened(port);
  await said(socket);
  const closed = once(socket, 'close');
  socket.on('error', () => {});
  router.put(shopAt([two.port], { generation: 2 }));
  // The same instance id at another port leads on; another id does not.
  socket.send('still here');
  expect(await said(socket)).toBe('still here');
  router.put({ ...shopAt([two.port], { generation: 3 }), endpoints: [{ ...endpoint(two.port), instance: 'web-9' }] });
  await closed;
});

test('bytes that come with the first request reach the target', async () => {
  await using web = await startInstance('web');
  web.server.on('upgrade', (_incoming, socket, head) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: lines\r\n\r\n');
    socket.write(`head ${head} `);
    socket.pipe(socket);
  });
  await using router = aRouter();
  router.put(shopAt([web.port]));
  const socket = connect({ host: '127.0.0.1', port: await router.listen('shop', 'web'), allowHalfOpen: true });
  socket.end(`${upgradeOf('/').replace('websocket', 'lines')}early bytes`);
  expect(await text(socket)).toMatch(/upgrade: lines[\s\S]*early bytes$/);
});

type Echo = Instance & {
  readonly closed: readonly string[];
  /** Bytes that wait to be sent. */
  buffered(): number;
  break(): void;
};

/** Says who it is, and then again what it hears. */
async function startEcho(name: string): Promise<Echo> {
  const web = await startInstance(name);
  const sockets = new WebSocketServer({ server: web.server });
  const closed: string[] = [];
  sockets.on('connection', (socket, incoming) => {
    socket.send(`${name} ${incoming.url} ${incoming.headers['x-asked']}`);
    socket.on('close', (code, reason) => closed.push(`${code} ${reason}`));
    socket.on('message', (data) => {
      const [word, value] = String(data).split(' ');
      if (word === 'close') socket.close(Number(value), 'as told');
      else if (word === 'flood') for (let n = 0; n < Number(value); n++) socket.send(Buffer.alloc(8_192));
      else socket.send(String(data));
    });
  });
  const terminate = (): void => {
    for (const socket of sockets.clients) socket.terminate();
  };
  return {
    ...web,
    closed,
    buffered: () => [...sockets.clients].reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0),
    break: terminate,
    [Symbol.asyncDispose]: async () => {
      terminate();
      await web[Symbol.asyncDispose]();
    },
  };
}

const heard = new WeakMap<WebSocket, string[]>();

async function opened(port: number, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<WebSocket> {
  return collecting(new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers }));
}

function collecting(socket: WebSocket): WebSocket {
  const messages: string[] = [];
  heard.set(socket, messages);
  socket.on('message', (data) => messages.push(String(data)));
  socket.on('error', () => {});
  return socket;
}

/** The next message. */
async function said(socket: WebSocket): Promise<string> {
  if (!heard.has(socket)) collecting(socket);
  const messages = heard.get(socket) ?? [];
  await eventually(() => messages.length > 0);
  return messages.shift() ?? '';
}

function endpoint(targetPort: number) {
  return { service: 'web', port: 'http', host: '127.0.0.1', targetPort };
}

function upgradeOf(path: string): string {
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
  return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`;
}
