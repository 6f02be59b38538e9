import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { currentContext } from './context.ts';
import { propagatingFetch } from './fetch.ts';
import { withIncomingContext } from './incoming-http.ts';
import { outgoingHeaders } from './outgoing-http.ts';
import { callWithHttp, echo, serve } from './testing/echo-server.ts';

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe('withIncomingContext()', () => {
  test('hands the context from an incoming request to an outgoing fetch', async () => {
    await using last = await serve(echo);
    await using middle = await serve(
      withIncomingContext(async (_, response) => {
        response.end(await (await propagatingFetch(last.url, { headers: { accept: 'text/x' } })).text());
      }),
    );
    const headers = { baggage: 'user=7,msx-env=one', traceparent, tracestate: 'v=1' };
    expect(await callWithHttp(middle.url, { headers })).toMatchObject({
      ...headers,
      baggage: 'msx-env=one,user=7',
      'x-msx-env': 'one',
      accept: 'text/x',
    });
  });

  test('hands it to an outgoing http.request too, under the name that was configured', async () => {
    await using last = await serve(echo);
    await using middle = await serve(
      withIncomingContext(
        async (_, response) => {
          response.end(JSON.stringify(await callWithHttp(last.url, { headers: outgoingHeaders() })));
        },
        { headerName: 'x-tenant' },
      ),
    );
    const reached = await callWithHttp(middle.url, { headers: { 'x-tenant': 'one', 'x-msx-env': 'two' } });
    expect(reached).toMatchObject({ 'x-tenant': 'one', baggage: 'msx-env=one' });
    expect(reached).not.toHaveProperty('x-msx-env');
  });

  test('knows the context when the body has arrived', async () => {
    await using server = await serve(
      withIncomingContext((request, response) => {
        const seen: unknown[] = [];
        request.on('data', () => seen.push(currentContext()?.env));
        request.on('end', () => response.end(JSON.stringify([...seen, currentContext()?.env])));
      }),
    );
    const answer = await callWithHttp(server.url, { method: 'POST', headers: { 'x-msx-env': 'one' } }, 'body');
    expect(answer).toEqual(['one', 'one']);
  });

  test('does not mix concurrent requests, nor requests that share a connection', async () => {
    await using last = await serve(echo);
    const toLast = new http.Agent({ keepAlive: true, maxSockets: 2 });
    const toMiddle = new http.Agent({ keepAlive: true, maxSockets: 4 });
    await using middle = await serve(
      withIncomingContext((request, response) => {
        request.resume().once('end', async () => {
          await pause(Number(request.url?.slice(1)));
          const first = await callWithHttp(last.url, { agent: toLast, headers: outgoingHeaders() });
          const second = (await (await propagatingFetch(last.url)).json()) as http.IncomingHttpHeaders;
          response.end(
            JSON.stringify({ first: first['x-msx-env'], second: second['x-msx-env'], here: currentContext()?.env }),
          );
        });
      }),
    );
    const names = Array.from({ length: 60 }, (_, index) => (index % 5 === 0 ? undefined : `env-${index}`));
    const answers = await Promise.all(
      names.map((name, index) =>
        callWithHttp(`${middle.url}/${(index * 7) % 11}`, {
          agent: toMiddle,
          headers: name === undefined ? {} : { baggage: `msx-env=${name}` },
        }),
      ),
    );
    toLast.destroy();
    toMiddle.destroy();
    expect(answers).toEqual(names.map((name) => (name === undefined ? {} : { first: name, second: name, here: name })));
  });
});
