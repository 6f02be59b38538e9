import {
  Client,
  credentials,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';

const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const path = (name: string): string => `/test.Echo/${name}`;

/** A service of texts, in all four shapes of a call. */
export const echoService = {
  one: { path: path('one'), requestStream: false, responseStream: false, ...text },
  many: { path: path('many'), requestStream: false, responseStream: true, ...text },
  sum: { path: path('sum'), requestStream: true, responseStream: false, ...text },
  talk: { path: path('talk'), requestStream: true, responseStream: true, ...text },
} satisfies ServiceDefinition;

export type EchoHandlers = {
  readonly one?: (call: ServerUnaryCall<string, string>, done: sendUnaryData<string>) => void;
  readonly many?: (call: ServerWritableStream<string, string>) => void;
  readonly sum?: (call: ServerReadableStream<string, string>, done: sendUnaryData<string>) => void;
  readonly talk?: (call: ServerDuplexStream<string, string>) => void;
};

export type GrpcInstance = AsyncDisposable & {
  readonly port: number;
  /** Takes leave of its clients, and ends when all calls have. */
  shutDown(): Promise<void>;
};

/** A gRPC server; by default a unary call is answered with its name. */
export async function startGrpcInstance(name: string, handlers: EchoHandlers = {}): Promise<GrpcInstance> {
  const server = new Server();
  server.addService(echoService, { one: (_: unknown, done: sendUnaryData<string>) => done(null, name), ...handlers });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const shutDown = (): Promise<void> => new Promise((resolve) => server.tryShutdown(() => resolve()));
  return { port, shutDown, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}

export class EchoClient extends Client implements Disposable {
  constructor(port: number, options: object = {}) {
    super(`127.0.0.1:${port}`, credentials.createInsecure(), options);
  }

  /** Rejects with the status. */
  one(value: string, metadata: Metadata, options: { readonly deadline?: number } = {}): Promise<string> {
    const { requestSerialize, responseDeserialize } = text;
    return new Promise((resolve, reject) => {
      this.makeUnaryRequest(
        path('one'),
        requestSerialize,
        responseDeserialize,
        value,
        metadata,
        options,
        (error, answer) => (error ? reject(error) : resolve(answer ?? '')),
      );
    });
  }

  many(value: string, metadata: Metadata) {
    return this.makeServerStreamRequest(path('many'), text.requestSerialize, text.responseDeserialize, value, metadata);
  }

  sum(metadata: Metadata, done: (error: Error | null, answer?: string) => void) {
    return this.makeClientStreamRequest(path('sum'), text.requestSerialize, text.responseDeserialize, metadata, done);
  }

  talk(metadata: Metadata) {
    return this.makeBidiStreamRequest(path('talk'), text.requestSerialize, text.responseDeserialize, metadata);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
