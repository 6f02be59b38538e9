import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import type { ListenerRecord } from '@microstax/model/journal';
import type { PortProtocol } from '@microstax/model/service-spec';
import type { Address } from '../core/route.ts';
import { handleHttp } from './http-proxy.ts';
import type { Routing } from './routing.ts';
import type { TcpProxy } from './tcp-proxy.ts';

const host = '127.0.0.1';
const clientKeepAliveMs = 75_000; // clients let go of theirs within a minute, and should be the first to do so

export type ListenerOptions = {
  readonly routing: Routing;
  readonly tcp: TcpProxy;
  readonly address: Address;
  readonly protocol: PortProtocol;
};

/** A socket that listens for one (environment, service, port), and the connections that it took. */
export class Listener {
  readonly protocol: PortProtocol;
  readonly #address: Address;
  readonly #server: HttpServer | TcpServer;
  readonly #sockets = new Set<Socket>();
  readonly #answering = new Set<ServerResponse>();
  #listenPort = 0;
  #stopped: Promise<void> | undefined;

  /** Settles when it listens: on the first of these ports that is free, else on any. */
  static async open(options: ListenerOptions, ports: readonly number[]): Promise<Listener> {
    const listener = new Listener(options);
    listener.#listenPort = await listenOnFirstFree(listener.#server, ports);
    return listener;
  }

  /** Settles with a listener on just this port, or undefined where it is somebody else's. */
  static async openAt(options: ListenerOptions, port: number): Promise<Listener | undefined> {
    const listener = new Listener(options);
    if (!(await listens(listener.#server, port))) return undefined;
    listener.#listenPort = port;
    return listener;
  }

  private constructor({ routing, tcp, address, protocol }: ListenerOptions) {
    this.#address = address;
    this.protocol = protocol;
    // gRPC is passed through like raw TCP: only HTTP/1.1 is routed by its context.
    this.#server = protocol === 'http' ? this.#httpServer(routing) : this.#tcpServer(tcp);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  get record(): ListenerRecord {
    const { service, port } = this.#address;
    return { service, port, host, listenPort: this.#listenPort };
  }

  /** Takes no connection any more. Settles when the last one has ended; requests on them are still answered. */
  stop(): Promise<void> {
    for (const outgoing of this.#answering) outgoing.shouldKeepAlive = false;
    this.#stopped ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#stopped;
  }

  /** Stops, and breaks the connections that are left after `graceMs`. */
  async end(graceMs: number): Promise<void> {
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await this.stop();
    clearTimeout(late);
  }

  #httpServer(routing: Routing): HttpServer {
    const server = createHttpServer({ keepAliveTimeout: clientKeepAliveMs, requestTimeout: 0 });
    server.on('request', (incoming, outgoing) => {
      if (this.#stopped) outgoing.shouldKeepAlive = false;
      this.#answering.add(outgoing);
      outgoing.once('close', () => {
        this.#answering.delete(outgoing);
        if (this.#stopped) server.closeIdleConnections(); // its head had been sent before the stop
      });
      handleHttp(routing, this.#address, incoming, outgoing);
    });
    return server;
  }

  #tcpServer(tcp: TcpProxy): TcpServer {
    return createTcpServer({ allowHalfOpen: true }, (client) => tcp.handle(this.#address, client));
  }
}

async function listenOnFirstFree(server: HttpServer | TcpServer, ports: readonly number[]): Promise<number> {
  for (const port of [...ports, 0]) {
    if (await listens(server, port)) break;
  }
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('Broken invariant: a server that listens has a port');
  return address.port;
}

/** False where the port is somebody else's, or needs a right that we lack; any other failure is thrown. */
function listens(server: HttpServer | TcpServer, port: number): Promise<boolean> {
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
