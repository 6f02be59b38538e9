import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { eventually } from '@microstax/testkit/eventually';
import { describe, expect, test } from 'vitest';
import { call, connected, exchange } from '../testing/calls.ts';
import { startInstance, startTcpInstance } from '../testing/instances.ts';
import { aRouter, shopAt } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INADEQUATE_SECURITY, NGHTTP2_REFUSED_STREAM } = constants;
const post = { ':method': 'POST', ':path': '/' };

describe('an HTTP/2 client at an http port', () => {
  test('is answered by a target that speaks HTTP/1.1, each stream by its own context', async () => {
    await using base = await startInstance('base', async (incoming, outgoing) => {
      outgoing.setHeader('connection', 'keep-alive');
      const { headers, method, url } = incoming;
      outgoing.end(JSON.stringify({ method, url, headers, body: String(await buffer(incoming)) }));
    });
    await using changed = await startInstance('changed');
    await using router = aRouter();
    router.put(shopAt([base.port]));
    router.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [changed.port] } }));
    const session = connect(`http://127.0.0.1:${await router.listen('shop', 'web')}`);
    const asked = session.request({ ...post, ':path': '/a?b', cookie: ['a=1', 'b=2'], 'x-own': 'this' });
    asked.write('one,');
    const other = answerOf(session.request({ ':path': '/', baggage: 'msx-env=team' }));
    asked.end('two');
    const { headers, body } = await answerOf(asked);
    expect(headers).toMatchObject({ ':status': 200, 'x-served-by': 'base', 'x-msx-target': 'shop/web' });
    expect(headers).not.toHaveProperty('connection');
    expect(JSON.parse(body)).toMatchObject({ method: 'POST', url: '/a?b', body: 'one,two' });
    expect(JSON.parse(body).headers).toMatchObject({
      cookie: 'a=1; b=2',
      'x-own': 'this',
      'transfer-encoding': 'chunked',
    });
    expect((await other).headers).toMatchObject({ 'x-served-by': 'changed', 'x-msx-target': 'team/web' });
    const head = await answerOf(session.request({ ':method': 'HEAD', ':path': '/' }));
    expect(head).toMatchObject({ headers: { ':status': 200 }, body: '' });
    session.close();
  });

  test('is refused with a status, a code and a reason, and goes on', async () => {
    await using web = await startInstance('web');
    await using router = aRouter();
    router.put(shopAt([]));
    const session = connect(`http://127.0.0.1:${await router.listen('shop', 'web')}`);
    const asked = session.request(post);
    asked.write('never ended');
    const { headers, body } = await answerOf(asked);
    expect(headers).toMatchObject({ ':status': 503, 'x-msx-reason': expect.stringMatching(/^no-endpoint; /) });
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'no-endpoint' } });
    router.put(shopAt([web.port]));
    expect((await answerOf(session.request({ ':path': '/' }))).headers[':status']).toBe(200);
    const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'elsewhere:1' });
    expect((await answerOf(tunnel)).headers).toMatchObject({ ':status': 501 });
    session.close();
  });

  test('sees a cut answer as a broken stream', async () => {
    await using web = await startInstance('web', (_, outgoing) => {
      outgoing.write('half');
      setTimeout(() => outgoing.destroy(), 20);
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const session = connect(`http://127.0.0.1:${await router.listen('shop', 'web')}`);
    await expect(answerOf(session.request({ ':path': '/' }))).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
    session.close();
  });
});

describe('an HTTP/2 stream to a grpc port', () => {
  test('keeps the code of a reset, whoever resets it, and its neighbours', async () => {
    const codes: number[] = [];
    await using web = await startStreams((stream, path) => {
      stream.once('close', () => codes.push(stream.rstCode));
      if (path === '/reset') stream.close(NGHTTP2_ENHANCE_YOUR_CALM);
      else stream.respond({ ':status': 200 });
    });
    await using scene = await aScene([web.port]);
    const neighbour = scene.session.request({ ':path': '/open' });
    await once(neighbour, 'response');
    const reset = scene.session.request({ ...post, ':path': '/reset' });
    await expect(answerOf(reset)).rejects.toThrow('NGHTTP2_ENHANCE_YOUR_CALM');
    const left = scene.session.request({ ...post, ':path': '/left' });
    await once(left, 'response');
    left.on('error', () => {});
    left.close(NGHTTP2_INADEQUATE_SECURITY);
    await eventually(() => codes.includes(NGHTTP2_INADEQUATE_SECURITY));
    expect(neighbour.closed).toBe(false);
    neighbour.close();
    await eventually(() => scene.router.routing.inFlight.open('shop', ['web-0']) === 0);
  });

  test('that its target has not looked at is sent again with its body, and one too long for that is refused', async () => {
    const seen: string[] = [];
    await using web = await startStreams(async (stream, path) => {
      seen.push(path);
      if (seen.length === 1 || path === '/long') {
        if (path === '/long') await once(stream, 'data');
        stream.close(NGHTTP2_REFUSED_STREAM);
        return;
      }
      stream.respond({ ':status': 200 });
      stream.end(String(await buffer(stream)).toUpperCase());
    });
    await using scene = await aScene([web.port]);
    const asked = scene.session.request(post);
    asked.write('some ');
    asked.end('words');
    expect((await answerOf(asked)).body).toBe('SOME WORDS');
    expect(seen).toEqual(['/', '/']);
    const long = scene.session.request({ ...post, ':path': '/long' });
    long.end(Buffer.alloc(1_000_000));
    await expect(answerOf(long)).rejects.toThrow('NGHTTP2_REFUSED_STREAM'); // a client may try again by itself
  });

  test('that nobody reads stops its sender, and none of its neighbours', async () => {
    const sent = new Map<string, number>();
    await using web = await startStreams((stream, path) => {
      stream.respond({ ':status': 200 });
      const chunk = Buffer.alloc(16_384);
      const more = (): void => {
        while (!stream.destroyed && (sent.get(path) ?? 0) < 40_000_000) {
          sent.set(path, (sent.get(path) ?? 0) + chunk.length);
          if (!stream.write(chunk)) return void stream.once('drain', more);
        }
        stream.end();
      };
      more();
    });
    await using scene = await aScene([web.port]);
    const stalled = Array.from({ length: 20 }, (_, index) => scene.session.request({ ':path': `/stalled-${index}` }));
    await Promise.all(stalled.map((stream) => once(stream, 'response')));
    const read = scene.session.request({ ':path': '/read' });
    let bytes = 0;
    for await (const chunk of read) bytes += chunk.length;
    expect(bytes).toBe(40_009_728);
    for (const [path, count] of sent) if (path !== '/read') expect(count).toBeLessThan(4_000_000);
    for (const stream of stalled) stream.close();
  });

  test('whose target reads slowly stops its client', async () => {
    let target: ServerHttp2Stream | undefined;
    await using web = await startStreams((stream) => {
      target = stream;
    });
    await using scene = await aScene([web.port]);
    const asked = scene.session.request(post);
    let sent = 0;
    const chunk = Buffer.alloc(65_536);
    for (let isTaken = true; isTaken && sent < 40_000_000; sent += chunk.length) isTaken = asked.write(chunk);
    const drained = once(asked, 'drain').then(() => 'drained');
    await eventually(() => target !== undefined);
    for (let turn = 0; turn < 100 && sent < 40_000_000; turn++) {
      await Promise.race([drained, new Promise((resolve) => setImmediate(resolve))]);
      asked.write(chunk);
      sent += chunk.length;
    }
    expect(asked.writableLength).toBeGreaterThan(1_000_000); // what was written waits here
    asked.end();
    const answered = answerOf(asked);
    target?.respond({ ':status': 200 });
    target?.end(String((await buffer(target as ServerHttp2Stream)).length));
    expect(Number((await answered).body)).toBe(sent);
  });

  test('goes over another connection where one is full or takes leave', async () => {
    const sessions: ServerHttp2Session[] = [];
    const open: ServerHttp2Stream[] = [];
    await using web = await startStreams(
      (stream) => {
        if (stream.session !== undefined && !sessions.includes(stream.session as ServerHttp2Session))
          sessions.push(stream.session as ServerHttp2Session);
        open.push(stream);
      },
      { maxConcurrentStreams: 2 },
    );
    await using scene = await aScene([web.port]);
    const answers = Array.from({ length: 3 }, () => answerOf(scene.session.request({ ':path': '/' })));
    await eventually(() => open.length === 3);
    expect(sessions).toHaveLength(2);
    for (const session of sessions) session.goaway();
    const later = answerOf(scene.session.request({ ':path': '/' }));
    await eventually(() => open.length === 4);
    expect(sessions).toHaveLength(3);
    for (const stream of open) {
      stream.respond({ ':status': 204 }, { endStream: true });
    }
    const all = await Promise.all([...answers, later]);
    expect(all.map(({ headers }) => headers[':status'])).toEqual([204, 204, 204, 204]);
  });

  test('with heads and trailers that may not be sent on harms nobody else', async () => {
    await using web = await startStreams((stream, path) => {
      stream.once('wantTrailers', () =>
        stream.sendTrailers(path === '/odd' ? { 'x-odd': 'a\tb', te: 'trailers' } : {}),
      );
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.end('body');
    });
    await using scene = await aScene([web.port]);
    const { session } = scene;
    await Promise.allSettled([
      answerOf(session.request({ ':path': '/odd' })),
      answerOf(
        session.request({ ...post, ':path': '/odd', te: 'trailers', expect: '100-continue' }, { endStream: true }),
      ),
      answerOf(session.request({ ':path': '/odd', host: 'a', ':authority': 'b', 'proxy-authorization': 'x' })),
    ]);
    const plain = session.request({ ':path': '/', expect: '100-continue' });
    const hints: unknown[] = [];
    plain.on('headers', (headers) => hints.push(headers[':status']));
    expect((await answerOf(plain)).body).toBe('body');
    expect(hints).toContain(103);
  });

  test('is refused with what its target speaks instead, where that is not HTTP/2', async () => {
    await using web = await startInstance('web');
    await using scene = await aScene([web.port]);
    const { headers } = await answerOf(scene.session.request({ ':path': '/' }));
    expect(headers).toMatchObject({
      ':status': 502,
      'x-msx-reason': expect.stringMatching(/^upstream-failed; .* takes no stream: /),
    });
  });
});

describe('limits', () => {
  test('a target that does not begin its answer in time is given up, over both versions', async () => {
    await using slow = await startInstance('slow', () => {});
    await using web = await startStreams(() => {});
    await using router = aRouter({ requestMsMax: 50 });
    router.put(shopAt([slow.port]));
    const answer = await call(await router.listen('shop', 'web'));
    expect(answer.status).toBe(504);
    expect(answer.headers['x-msx-reason']).toMatch(/does not begin its answer in time: ETIMEDOUT$/);
    await using scene = await aScene([web.port], { requestMsMax: 50 });
    expect((await answerOf(scene.session.request({ ':path': '/' }))).headers).toMatchObject({ ':status': 504 });
  });

  test('a head beyond its bytes is refused, over both versions', async () => {
    await using web = await startInstance('web');
    await using router = aRouter({ headBytesMax: 2_000 });
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web');
    expect((await call(port, { headers: { 'x-long': 'x'.repeat(1_000) } })).status).toBe(200);
    expect((await call(port, { headers: { 'x-long': 'x'.repeat(3_000) } })).status).toBe(431);
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    expect((await answerOf(session.request({ ':path': '/' }))).headers[':status']).toBe(200);
    await expect(answerOf(session.request({ ':path': '/', 'x-long': 'x'.repeat(3_000) }))).rejects.toThrow();
    session.destroy();
  });

  test('a connection holds so many streams, and is let go when it has none for a while', async () => {
    const open: ServerHttp2Stream[] = [];
    await using web = await startStreams((stream) => open.push(stream));
    await using scene = await aScene([web.port], { streamsMax: 2, idleMsMax: 100 });
    const { session } = scene;
    if (session.remoteSettings.maxConcurrentStreams !== 2) await once(session, 'remoteSettings');
    expect(session.remoteSettings.maxConcurrentStreams).toBe(2);
    const asked = session.request({ ':path': '/' });
    await eventually(() => open.length === 1);
    const targetSession = open[0]?.session;
    const unused = connect(`http://127.0.0.1:${scene.port}`);
    await once(unused, 'close');
    expect(session.closed).toBe(false); // as old as the one that was let go, but a stream is not idle
    open[0]?.respond({ ':status': 204 }, { endStream: true });
    expect((await answerOf(asked)).headers[':status']).toBe(204);
    await eventually(() => session.destroyed && targetSession?.destroyed === true);
  });

  test('a client that says nothing is let go', async () => {
    await using router = aRouter({ headMsMax: 50 });
    router.put(shopAt([]));
    for (const protocol of ['http', 'grpc'] as const) {
      const socket = await connected(await router.listen('shop', 'web', protocol));
      socket.write('PRI * HT');
      expect(await text(socket)).toBe('');
    }
  });
});

test('TLS to a grpc port is passed through to the listener’s own target, and closed at an http port', async () => {
  await using web = await startTcpInstance((socket) =>
    socket.once('data', (bytes) => socket.end(`heard ${bytes.length}`)),
  );
  await using router = aRouter();
  router.put(shopAt([web.port]));
  const hello = '\x16\x03\x01 hello';
  expect(await exchange(await router.listen('shop', 'web', 'grpc'), hello)).toBe(`heard ${hello.length}`);
  const socket = await connected(await router.listen('shop', 'web', 'http'));
  socket.write(hello);
  expect(await text(socket)).toBe('');
});

test('the preface is known in whatever pieces it comes', async () => {
  await using web = await startInstance('web');
  await using router = aRouter();
  router.put(shopAt([web.port]));
  const port = await router.listen('shop', 'web');
  const socket = await connected(port);
  const first = once(socket, 'data');
  for (const piece of ['P', 'RI * HT', 'TP/2.0\r\n\r\nSM\r\n\r\n', '\0\0\0\x04\0\0\0\0\0']) {
    socket.write(piece, 'latin1');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const [bytes] = (await first) as [Buffer];
  expect(bytes[3]).toBe(4); // SETTINGS
  socket.destroy();
  expect(await exchange(port, 'PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')).toMatch(
    / 200 OK/,
  );
});

type Streams = AsyncDisposable & { readonly port: number };

async function startStreams(
  take: (stream: ServerHttp2Stream, path: string) => void,
  settings: { readonly maxConcurrentStreams?: number } = {},
): Promise<Streams> {
  const server = createServer({ settings });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    take(stream, headers[':path'] ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispose = async (): Promise<void> => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: dispose };
}

/** A client at a grpc port of a service that runs at these ports. */
async function aScene(ports: readonly number[], limits: Parameters<typeof aRouter>[0] = {}) {
  const router = aRouter(limits);
  router.put(shopAt(ports));
  const port = await router.listen('shop', 'web', 'grpc');
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  return {
    router,
    port,
    session,
    async [Symbol.asyncDispose]() {
      session.destroy();
      await router[Symbol.asyncDispose]();
    },
  };
}

/** Rejects where the stream is reset. */
async function answerOf(stream: ClientHttp2Stream) {
  const response = once(stream, 'response');
  response.catch(() => {});
  const body = text(stream);
  body.catch(() => {});
  const [[headers]] = await Promise.all([response, body]);
  return { headers: headers as Record<string, unknown>, body: await body };
}
