import { once } from 'node:events';
import http2, { type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { currentContext } from './context.ts';
import { propagatingSession, withIncomingHttp2, withIncomingStream } from './http2.ts';
import { instrument } from './instrument.ts';

type Listen = (
  server: http2.Http2Server,
  answer: (stream: http2.ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
) => void;

const forms: Record<string, Listen> = {
  'withIncomingStream()': (server, answer) => server.on('stream', withIncomingStream(answer)),
  'withIncomingHttp2()': (server, answer) =>
    server.on(
      'request',
      withIncomingHttp2(({ stream, headers }) => answer(stream, headers)),
    ),
};

for (const [name, listen] of Object.entries(forms))
  test(`${name} and propagatingSession() carry the context, and streams of one session do not mix`, async () => {
    await using last = await serve(
      (stream, headers) => reply(stream, headers),
      (server, answer) => server.on('stream', answer),
    );
    const toLast = propagatingSession(http2.connect(last.url));
    await using middle = await serve((stream) => {
      stream.resume().once('end', async () => reply(stream, { here: currentContext()?.env, ...(await ask(toLast)) }));
    }, listen);
    const toMiddle = http2.connect(middle.url);
    const names = Array.from({ length: 20 }, (_, at) => (at % 4 === 0 ? undefined : `env-${at}`));
    const answers = await Promise.all(
      names.map((env) => ask(toMiddle, env === undefined ? {} : { baggage: `user=7,msx-env=${env}` })),
    );
    toMiddle.destroy();
    toLast.destroy();
    expect(answers.map(({ here, 'x-msx-env': reached }) => [here, reached])).toEqual(names.map((env) => [env, env]));
    expect(answers[1]?.baggage).toBe('msx-env=env-1,user=7');
  });

test('instrument() does the same for a program that knows nothing of it', async () => {
  const undo = instrument();
  try {
    for (const event of ['stream', 'request']) {
      await using last = await serve(
        (stream, headers) => reply(stream, headers),
        (server, answer) => server.on('stream', answer),
      );
      const toLast = http2.connect(last.url);
      await using middle = await serve(
        (stream) => stream.resume().once('end', async () => reply(stream, await ask(toLast))),
        (server, answer) =>
          event === 'stream'
            ? server.on('stream', answer)
            : server.on('request', ({ stream, headers }) => answer(stream, headers)),
      );
      const toMiddle = http2.connect(middle.url);
      expect(await ask(toMiddle, { 'x-msx-env': 'one' })).toMatchObject({ 'x-msx-env': 'one', baggage: 'msx-env=one' });
      expect(await ask(toMiddle)).not.toHaveProperty('x-msx-env');
      toMiddle.destroy();
      toLast.destroy();
    }
  } finally {
    undo();
  }
});

async function serve(answer: (stream: http2.ServerHttp2Stream, headers: IncomingHttpHeaders) => void, listen: Listen) {
  const server = http2.createServer();
  listen(server, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

function reply(stream: http2.ServerHttp2Stream, body: Readonly<Record<string, unknown>>): void {
  stream.respond({ ':status': 200 });
  stream.end(JSON.stringify(body));
}

async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): Promise<Record<string, unknown>> {
  const stream = session.request({ ':path': '/', ...headers });
  return JSON.parse(await text(stream)) as Record<string, unknown>;
}
