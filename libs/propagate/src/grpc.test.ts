import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { currentContext, readContext, runWithContext } from './context.ts';
import { contextInterceptor, injectMetadata, readMetadata, withMetadataContext } from './grpc.ts';
import { instrument } from './instrument.ts';

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };

test('a call’s context reaches the handler, and goes on with the calls that it makes, also before there is a connection', async () => {
  await using last = await aServer((call, done) => done(null, Buffer.from(JSON.stringify(call.metadata.getMap()))));
  await using middle = await aServer((_, done) => {
    const here = currentContext()?.env;
    // A client of its own for each call: the call is made long before its connection is there.
    const client = clientOf(last.port, [contextInterceptor as never]);
    void ask(client).then((reached) => {
      client.close();
      done(null, Buffer.from(JSON.stringify({ here, reached })));
    });
  });
  const client = clientOf(middle.port);
  const names = ['one', undefined, 'two', 'three'];
  const answers = await Promise.all(
    names.map((env) => {
      const metadata = new Metadata();
      if (env !== undefined) metadata.set('baggage', `user=7,msx-env=${env}`);
      return ask(client, metadata);
    }),
  );
  client.close();
  expect(answers.map(({ here, reached }) => [here, (reached as Record<string, string>)['x-msx-env']])).toEqual(
    names.map((env) => [env, env]),
  );
  expect(answers[0]?.reached).toMatchObject({ baggage: 'msx-env=one,user=7' });
});

test('with instrument() no call of gRPC gets the context of another one, and the interceptor carries its own', async () => {
  const undo = instrument();
  try {
    await using last = await aServer((call, done) => done(null, Buffer.from(JSON.stringify(call.metadata.getMap()))));
    for (const interceptors of [[], [contextInterceptor as never]]) {
      const client = clientOf(last.port, interceptors);
      const names = Array.from({ length: 10 }, (_, at) => `env-${at}`);
      // All of them wait for the one connection that the first one opens.
      const asked = names.map((env) => runWithContext(readContext({ 'x-msx-env': env }), () => ask(client)));
      const reached = (await Promise.all(asked)).map((metadata) => metadata['x-msx-env']);
      client.close();
      expect(reached).toEqual(interceptors.length === 0 ? names.map(() => undefined) : names);
    }
  } finally {
    undo();
  }
});

test('metadata is read and written by itself', () => {
  const metadata = runWithContext(readContext({ 'x-msx-env': 'one' }), () => injectMetadata(new Metadata()));
  expect(readMetadata(metadata).env).toBe('one');
  expect(injectMetadata(new Metadata()).getMap()).toEqual({});
  expect(readMetadata(new Metadata()).env).toBeUndefined();
});

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => void;

async function aServer(handle: Unary) {
  const server = new Server();
  const method = { path: '/test.Test/Ask', requestStream: false, responseStream: false } as const;
  const serialized = {
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: bytes.serialize,
    responseDeserialize: bytes.deserialize,
  };
  server.addService({ ask: { ...method, ...serialized } }, { ask: withMetadataContext(handle) });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}

function clientOf(port: number, interceptors: never[] = []): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { interceptors });
}

function ask(client: Client, metadata = new Metadata()): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const { serialize, deserialize } = bytes;
    client.makeUnaryRequest('/test.Test/Ask', serialize, deserialize, Buffer.from(''), metadata, (error, answer) =>
      error || answer === undefined ? reject(error) : resolve(JSON.parse(answer.toString('utf8'))),
    );
  });
}
