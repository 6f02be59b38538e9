import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { eventually } from '@microstax/testkit/eventually';
import { describe, expect, test } from 'vitest';
import { call, connected, exchange } from '../testing/calls.ts';
import { aFreePort, startInstance, startTcpInstance } from '../testing/instances.ts';
import { aRouter, shopAt } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';

describe('a request through the router', () => {
  test('says who answered and why', async () => {
    await using web = await startInstance('web');
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web');
    const { status, headers, body } = await call(port, { path: '/a?b=%20c', headers: { accept: 'x/y' } });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'x-served-by': 'web',
      'x-msx-target': 'shop/web',
      'x-msx-reason': 'local overlay; no context, listener of shop',
    });
    expect(JSON.parse(body)).toMatchObject({ method: 'GET', url: '/a?b=%20c', headers: { accept: 'x/y' } });
    expect(JSON.parse(body).headers).not.toHaveProperty('baggage');
  });

  test('that carries its context in the header alone reaches the overlay with both carriers', async () => {
    await using base = await startInstance('base');
    await using changed = await startInstance('changed');
    await using router = aRouter();
    router.put(shopAt([base.port]));
    router.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [changed.port] } }));
    const port = await router.listen('shop', 'web');
    const stamped = await call(port, { headers: { 'x-msx-env': 'team', baggage: 'user=7' } });
    expect(stamped.headers).toMatchObject({ 'x-served-by': 'changed', 'x-msx-target': 'team/web' });
    expect(JSON.parse(stamped.body).headers).toMatchObject({ baggage: 'msx-env=team,user=7', 'x-msx-env': 'team' });
    const unknown = await call(port, { headers: { 'x-msx-env': 'gone' } });
    expect(unknown.headers).toMatchObject({
      'x-served-by': 'base',
      'x-msx-reason': 'local overlay; unknown context, baseline shop answers',
    });
    expect(JSON.parse(unknown.body).headers).not.toHaveProperty('baggage');
  });

  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']) {
    test(`is forwarded with method ${method}`, async () => {
      await using web = await startInstance('web', (incoming, outgoing) => {
        outgoing.setHeader('x-method', incoming.method ?? '');
        outgoing.setHeader('x-length', incoming.headers['content-length'] ?? 'none');
        outgoing.setHeader('x-coding', incoming.headers['transfer-encoding'] ?? 'none');
        outgoing.setHeader('content-length', 4);
        outgoing.end('body');
      });
      await using router = aRouter();
      router.put(shopAt([web.port]));
      const { headers, body } = await call(await router.listen('shop', 'web'), { method });
      const length = ['POST', 'PUT', 'PATCH'].includes(method) ? '0' : 'none';
      expect(headers).toMatchObject({ 'x-method': method, 'x-length': length, 'x-coding': 'none' });
      expect(headers['content-length']).toBe('4');
      expect(body).toBe(method === 'HEAD' ? '' : 'body');
    });
  }

  test('is answered with 204 and 304 without a body, and the connection goes on', async () => {
    await using web = await startInstance('web', (incoming, outgoing) => {
      outgoing.writeHead(Number(incoming.url?.slice(1))).end();
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web');
    using agent = keepAlive(1);
    for (const status of [204, 304, 500, 204])
      expect((await call(port, { path: `/${status}`, agent })).status).toBe(status);
  });

  test('may expect 100-continue', async () => {
    await using web = await startInstance('web', async (incoming, outgoing) => {
      outgoing.end(`${incoming.headers.expect}:${await buffer(incoming)}`);
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const outgoing = request({
      host: '127.0.0.1',
      port: await router.listen('shop', 'web'),
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 4 },
    });
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
    outgoing.end('body');
    const [response] = await once(outgoing, 'response');
    expect(String(await buffer(response))).toBe('undefined:body');
  });

  test('moves large bodies both ways, sized and chunked, at the pace of who reads', async () => {
    await using web = await startInstance('web', (incoming, outgoing) => {
      setTimeout(() => incoming.pipe(outgoing), 50);
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web');
    const body = Buffer.alloc(8_000_000, 'x');
    for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
      const outgoing = request({ host: '127.0.0.1', port, method: 'POST', headers });
      outgoing.end(body);
      const [response] = await once(outgoing, 'response');
      let length = 0;
      for await (const chunk of response) {
        length += chunk.length;
        if (length % 3 === 0) await new Promise(setImmediate);
      }
      expect(length).toBe(body.length);
    }
  });

  test('from an HTTP/1.0 client is answered until the end of the connection', async () => {
    await using web = await startInstance('web', (_, outgoing) => {
      outgoing.write('one,');
      outgoing.end('two');
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const answer = await exchange(await router.listen('shop', 'web'), 'GET / HTTP/1.0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\n\r\none,two$/);
  });
});

describe('a request that the router refuses', () => {
  const refused = async (bytes: string): Promise<string> => {
    await using router = aRouter();
    router.put(shopAt([]));
    return await exchange(await router.listen('shop', 'web'), bytes);
  };

  test('says its code and reason as JSON and in the header', async () => {
    await using router = aRouter();
    router.put(shopAt([]));
    const port = await router.listen('shop', 'web');
    using agent = keepAlive(1);
    const { status, headers, body } = await call(port, { method: 'POST', body: 'x'.repeat(1_000_000), agent });
    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({
      error: {
        code: 'no-endpoint',
        message: 'service "web" of environment "shop" has no running instance with port "http"',
      },
    });
    expect(headers['x-msx-reason']).toMatch(/^no-endpoint; /);
    expect((await call(port, { agent })).status).toBe(503);
  });

  test('is an unknown transfer coding, or a target that is no path', async () => {
    const coded =
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n';
    expect(await refused(coded)).toMatch(/^HTTP\/1\.1 501 /);
    expect(await refused('GET http://b/c HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
  });

  test('is not one that merely offers h2c', async () => {
    await using web = await startInstance('web');
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    const { status, body } = await call(await router.listen('shop', 'web'), { headers });
    expect(status).toBe(200);
    expect(JSON.parse(body).headers).not.toHaveProperty('http2-settings');
  });

  test('cannot split a header or a log line by what was typed', async () => {
    await using router = aRouter();
    router.put(shopAt([], { context: { unknown: 'deny' } }));
    const port = await router.listen('shop', 'web');
    const baggage = `msx-env=${encodeURIComponent('a\r\nset-cookie: b')}`;
    expect((await call(port, { headers: { baggage } })).headers['x-msx-reason']).toMatch(/^no-endpoint; /);
    const { headers } = await call(port, { headers: { 'x-msx-env': 'x~y' } });
    expect(headers['x-msx-reason']).toBe('unknown-context; context "x~y" selects no environment under "shop"');
    expect(headers).not.toHaveProperty('set-cookie');
  });
});

describe('a broken connection', () => {
  test('of the client ends the request at the target', async () => {
    const ended = Promise.withResolvers<void>();
    await using web = await startInstance('web', (incoming, outgoing) => {
      outgoing.write('begun');
      incoming.once('close', ended.resolve);
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const outgoing = request({ host: '127.0.0.1', port: await router.listen('shop', 'web') });
    outgoing.on('error', () => undefined).end();
    await once(outgoing, 'response');
    expect(router.routing.inFlight.open('shop', ['web-0'])).toBe(1);
    outgoing.destroy();
    await ended.promise;
    await eventually(() => router.routing.inFlight.open('shop', ['web-0']) === 0);
  });

  test('of the client in the middle of its body ends the request at the target', async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using web = await startInstance('web', (incoming) => {
      incoming.once('data', () => begun.resolve());
      incoming.once('close', ended.resolve);
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const client = await connected(await router.listen('shop', 'web'));
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly this');
    await begun.promise;
    client.destroy();
    await ended.promise;
    await eventually(() => router.routing.inFlight.open('shop', ['web-0']) === 0);
  });

  for (const [kind, headers] of [
    ['sized', { 'content-length': 100 }],
    ['chunked', {}],
  ] as const) {
    test(`of the target in the middle of a ${kind} answer breaks the client's, and is no short answer`, async () => {
      await using web = await startInstance('web', (_, outgoing) => {
        outgoing.writeHead(200, headers).write('half');
        setTimeout(() => outgoing.socket?.destroy(), 20);
      });
      await using router = aRouter();
      router.put(shopAt([web.port]));
      await expect(call(await router.listen('shop', 'web'))).rejects.toThrow();
    });
  }

  test('of the target in the middle of an answer is a reset for an HTTP/1.0 client', async () => {
    await using web = await startInstance('web', (_, outgoing) => {
      outgoing.write('half');
      setTimeout(() => outgoing.socket?.destroy(), 20);
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const answer = exchange(await router.listen('shop', 'web'), 'GET / HTTP/1.0\r\n\r\n');
    await expect(answer).rejects.toThrow('ECONNRESET');
  });

  test('of a target that answers before it has read the whole body leaves the answer whole', async () => {
    await using web = await startInstance('web', (_, outgoing) => {
      outgoing.writeHead(413, { connection: 'close', 'content-length': 9 }).end('too large');
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web');
    const client = await connected(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(1_000)}`);
    const [first] = await once(client, 'data');
    expect(String(first)).toMatch(/^HTTP\/1\.1 413 .*too large$/s);
    client.write(`${'x'.repeat(99_000)}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const [second] = await once(client, 'data');
    expect(String(second)).toMatch(/^HTTP\/1\.1 413 /);
    client.destroy();
  });

  test('on which a body was sent is not tried again', async () => {
    await using web = await startInstance('web', (incoming) => incoming.once('data', () => incoming.socket.destroy()));
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const { status, body } = await call(await router.listen('shop', 'web'), { method: 'POST', body: 'pay' });
    expect(status).toBe(502);
    expect(JSON.parse(body).error.message).toBe(
      'instance "web-0" of service "web" in environment "shop" ended the connection before its answer: ECONNRESET',
    );
    expect(web.requests()).toBe(1);
  });

  test('that the target had kept and then closed is no failure', async () => {
    // A target that takes one request per connection, and closes it just when the next request is on its way.
    let requests = 0;
    await using web = await startTcpInstance((socket) => {
      socket.once('data', () => {
        requests += 1;
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        socket.once('data', () => socket.resetAndDestroy());
      });
    });
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web');
    for (let index = 0; index < 6; index++) expect((await call(port)).status).toBe(200);
    expect(requests).toBe(6);
    expect((await call(port, { method: 'POST', body: 'pay' })).status).toBe(200);
  });
});

describe('a target that takes no connection', () => {
  test('is passed over where another one does', async () => {
    await using web = await startInstance('web');
    await using router = aRouter();
    router.put(shopAt([await aFreePort(), web.port, await aFreePort()]));
    const port = await router.listen('shop', 'web');
    for (let index = 0; index < 6; index++) {
      const { status, body } = await call(port, { method: 'POST', body: 'pay' });
      expect([status, JSON.parse(body).method]).toEqual([200, 'POST']);
    }
  });

  test('is waited for while the table moves', async () => {
    await using web = await startInstance('web', async (incoming, outgoing) => {
      outgoing.end(await buffer(incoming));
    });
    await using router = aRouter();
    router.put(shopAt([await aFreePort()]));
    const port = await router.listen('shop', 'web');
    // The first attempt has ended, and nobody took it.
    const forget = router.routing.inFlight.changes.add(() => {
      forget();
      router.put(shopAt([web.port], { generation: 2 }));
    });
    const called = call(port, { method: 'POST', body: 'pay' });
    expect(await called).toMatchObject({ status: 200, body: 'pay' });
  });

  test('is given up after a second', async () => {
    await using router = aRouter();
    router.put(shopAt([await aFreePort()]));
    const { status, body } = await call(await router.listen('shop', 'web'));
    expect(status).toBe(502);
    expect(JSON.parse(body).error.message).toBe(
      'instance "web-0" of service "web" in environment "shop" takes no connection: ECONNREFUSED',
    );
  });
});

function keepAlive(maxSockets: number): Agent & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}
