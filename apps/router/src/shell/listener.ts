import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import type { ListenerRecord } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { PortProtocol } from '@microstax/model/service-spec';
import type { Address } from '../core/route.ts';
import { handleHttp } from './http-proxy.ts';
import type { Routing } from './routing.ts';
import { connectionWindowBytes, headPairsMax, sessionMemoryMb, streamWindowBytes } from './sessions.ts';
import { type Spoken, sniff } from './sniff.ts';
import { handleStream } from './stream-proxy.ts';
import { passThrough } from './tcp-proxy.ts';
import { handleUpgrade, wantsUpgrade } from './upgrade-proxy.ts';

/** Callers under load give up many streams at once, and Node would take that for an attack. */
const resetsAtOnceMax = 10_000;
const resetsPerSecondMax = 1_000;
const closeIdleMs = 20;

export type ListenerOptions = {
  readonly routing: Routing;
  readonly address: Address;
  readonly protocol: PortProtocol;
};

/** A socket that listens for one (environment, service, port), and the connections that it took. */
export class Listener {
  readonly protocol: PortProtocol;
  readonly #address: Address;
  readonly #host: string;
  readonly #server: HttpServer | TcpServer;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Connections that have not said yet what they speak. */
  readonly #silent = new Set<Socket>();
  #listenPort = 0;
  #stopped: Promise<void> | undefined;

  /** Settles when it listens: on the first of these ports that is free, else on any. */
  static async open(options: ListenerOptions, ports: readonly number[]): Promise<Listener> {
    const listener = new Listener(options);
    listener.#listenPort = await listenOnFirstFree(listener.#server, options.routing.host, ports);
    return listener;
  }

  /** Settles with a listener on just this port, or undefined where it is somebody else's. */
  static async openAt(options: ListenerOptions, port: number): Promise<Listener | undefined> {
    const listener = new Listener(options);
    if (!(await listens(listener.#server, { host: options.routing.host, port }))) return undefined;
    listener.#listenPort = port;
    return listener;
  }

  private constructor({ routing, address, protocol }: ListenerOptions) {
    this.#address = address;
    this.#host = routing.host;
    this.protocol = protocol;
    this.#server = protocol === 'http' || protocol === 'grpc' ? this.#httpServer(routing) : this.#tcpServer(routing);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  get record(): ListenerRecord {
    const { service, port } = this.#address;
    return { service, port, host: this.#host, listenPort: this.#listenPort };
  }

  /** Takes no connection any more. Settles when the last one has ended; requests on them are still answered. */
  stop(): Promise<void> {
    for (const session of this.#sessions) session.close();
    for (const socket of this.#silent) socket.destroy();
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  /** Answers that had begun before are followed by an idle connection, which is let go soon. */
  async #close(): Promise<void> {
    const server = this.#server;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const idle = setInterval(() => {
      if ('closeIdleConnections' in server) server.closeIdleConnections();
    }, closeIdleMs);
    await closed;
    clearInterval(idle);
  }

  /** Stops, and breaks the connections that are left after `graceMs`. */
  async end(graceMs: number): Promise<void> {
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await this.stop();
    clearTimeout(late);
  }

  /** Both versions of HTTP on one socket, told apart by a connection's first bytes. */
  #httpServer(routing: Routing): HttpServer {
    const { idleMsMax, headMsMax, headBytesMax } = routing.limits;
    const server = createHttpServer({
      keepAliveTimeout: idleMsMax,
      headersTimeout: headMsMax,
      requestTimeout: 0,
      maxHeaderSize: headBytesMax,
      shouldUpgradeCallback: wantsUpgrade,
    });
    const at = { address: this.#address, isStopping: () => this.#stopped !== undefined };
    server.on('request', (incoming, outgoing) => handleHttp(routing, at, incoming, outgoing));
    server.on('upgrade', (incoming, socket: Socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      handleUpgrade(routing, this.#address, incoming, socket);
    });
    const http1 = must(server.listeners('connection')[0], 'an HTTP server takes connections');
    server.removeAllListeners('connection');
    const http2 = this.#http2Server(routing);
    const speak: Record<Spoken, (socket: Socket) => void> = {
      http1: (socket) => void http1.call(server, socket),
      http2: (socket) => void http2.emit('connection', socket),
      tls: (socket) => this.#encrypted(routing, socket),
    };
    server.on('connection', (socket: Socket) => {
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
      sniff(socket, headMsMax, (spoken) => {
        this.#silent.delete(socket);
        speak[spoken](socket);
      });
    });
    return server;
  }

  #http2Server(routing: Routing): Http2Server {
    const { idleMsMax, headBytesMax, streamsMax } = routing.limits;
    const server = createHttp2Server({
      maxSessionMemory: sessionMemoryMb,
      maxHeaderListPairs: headPairsMax,
      streamResetBurst: resetsAtOnceMax,
      streamResetRate: resetsPerSecondMax,
      settings: {
        initialWindowSize: streamWindowBytes,
        maxConcurrentStreams: streamsMax,
        maxHeaderListSize: headBytesMax,
      },
    });
    server.on('session', (session) => this.#begin(session, idleMsMax));
    const toGrpcPort = this.protocol === 'grpc';
    server.on('stream', (stream, headers, flags, raw) => {
      handleStream(routing, this.#address, { stream, headers, raw, flags, toGrpcPort });
    });
    return server;
  }

  #begin(session: ServerHttp2Session, idleMsMax: number): void {
    this.#sessions.add(session);
    session.setLocalWindowSize(connectionWindowBytes);
    session.on('error', () => {}); // its close tells
    session.once('close', () => this.#sessions.delete(session));
    let streams = 0;
    session.on('stream', (stream) => {
      streams += 1;
      stream.once('close', () => {
        streams -= 1;
      });
    });
    session.setTimeout(idleMsMax);
    session.on('timeout', () => {
      if (streams === 0) session.close();
    });
    if (this.#stopped) session.close();
  }

  /** gRPC over TLS is its target's alone: nobody can read its context, so it is passed through. */
  #encrypted(routing: Routing, socket: Socket): void {
    if (this.protocol === 'grpc') passThrough(routing, this.#address, socket);
    else socket.destroy();
  }

  #tcpServer(routing: Routing): TcpServer {
    return createTcpServer({ allowHalfOpen: true }, (client) => passThrough(routing, this.#address, client));
  }
}

async function listenOnFirstFree(
  server: HttpServer | TcpServer,
  host: string,
  ports: readonly number[],
): Promise<number> {
  for (const port of [...ports, 0]) {
    if (await listens(server, { host, port })) break;
  }
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('Broken invariant: a server that listens has a port');
  return address.port;
}

/** False where the port is somebody else's, or needs a right that we lack; any other failure is thrown. */
function listens(
  server: HttpServer | TcpServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', listening);
      if (port !== 0 && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) resolve(false);
      else reject(error);
    };
    const listening = (): void => {
      server.off('error', failed);
      resolve(true);
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen({ host, port });
  });
}
