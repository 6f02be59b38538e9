import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http, { type IncomingHttpHeaders, request as namedRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import * as undici from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { currentContext } from './context.ts';
import { instrument, type Uninstrument } from './instrument.ts';
import { callWithHttp, echo, serve } from './testing/echo-server.ts';

describe('instrument()', () => {
  let undo: Uninstrument;
  beforeEach(() => {
    undo = instrument();
  });
  afterEach(() => undo());

  const calls: Record<string, (url: string) => Promise<IncomingHttpHeaders>> = {
    'http.request with a URL': (url) => callWithHttp(url),
    'http.request with options and own headers': (url) => callWithHttp(url, { headers: { accept: 'text/x' } }),
    'http.request with a list of headers': (url) =>
      callWithHttp(url, { headers: ['host', '127.0.0.1', 'accept', 'text/x'] as unknown as http.OutgoingHttpHeaders }),
    'http.get with options only': (url) =>
      new Promise((resolve) => {
        const { hostname, port } = new URL(url);
        http.get({ hostname, port, path: '/' }, async (response) =>
          resolve(JSON.parse((await response.toArray()).join(''))),
        );
      }),
    'http.get with a URL and a callback': (url) =>
      new Promise((resolve) => {
        http.get(new URL(url), async (response) => resolve(JSON.parse((await response.toArray()).join(''))));
      }),
    'request of undici': async (url) => (await undici.request(url)).body.json() as Promise<IncomingHttpHeaders>,
    fetch: async (url) => (await fetch(url)).json() as Promise<IncomingHttpHeaders>,
    'fetch with a Request': async (url) =>
      (await fetch(new Request(url, { headers: { accept: 'text/x' } }))).json() as Promise<IncomingHttpHeaders>,
  };

  for (const [name, call] of Object.entries(calls)) {
    test(`${name} carries the context`, async () => {
      await using last = await serve(echo);
      await using middle = await serve(async (_, response) => {
        response.end(JSON.stringify(await call(last.url)));
      });
      const reached = await callWithHttp(middle.url, { headers: { baggage: 'user=7,msx-env=one' } });
      expect(reached).toMatchObject({ baggage: 'msx-env=one,user=7', 'x-msx-env': 'one' });
      if (/own|list|Request/.test(name)) expect(reached.accept).toBe('text/x');
    });
  }

  test('leaves calls outside of a request as they are', async () => {
    await using last = await serve(echo);
    const reached = await callWithHttp(last.url);
    expect(reached).not.toHaveProperty('baggage');
    expect(reached).not.toHaveProperty('x-msx-env');
  });

  test('knows the context when the answer of another service has arrived', async () => {
    await using last = await serve(echo);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await using middle = await serve((_, response) => {
      http.get(last.url, { agent }, (answer) => {
        answer.resume().once('end', () => response.end(JSON.stringify({ here: currentContext()?.env })));
      });
    });
    const names = Array.from({ length: 20 }, (_, index) => `env-${index}`);
    const answers = await Promise.all(
      names.map((name) => callWithHttp(middle.url, { headers: { 'x-msx-env': name } })),
    );
    agent.destroy();
    expect(answers).toEqual(names.map((name) => ({ here: name })));
  });

  test('a second call changes nothing, and undoing restores what was there', () => {
    const patched = http.request;
    instrument();
    expect(http.request).toBe(patched);
    undo();
    expect(http.request).not.toBe(patched);
    expect(http.request).toBe(namedRequest);
  });
});

test('one import makes a program carry the context, also through names taken from node:http', async () => {
  await using last = await serve(echo);
  const program = `
    import { createServer, get } from 'node:http';
    const server = createServer((request, response) => {
      get(${JSON.stringify(last.url)}, (answer) => answer.pipe(response));
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  `;
  const register = fileURLToPath(new URL('./register.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', register, '--input-type=module', '-e', program], {
    env: { ...process.env, MSX_CONTEXT_HEADER: 'x-tenant' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = await once(child.stdout, 'data');
    const reached = await callWithHttp(`http://127.0.0.1:${Number(port)}`, { headers: { 'x-tenant': 'one' } });
    expect(reached).toMatchObject({ 'x-tenant': 'one', baggage: 'msx-env=one' });
  } finally {
    child.kill('SIGKILL');
  }
});
