import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';

export type Instance = AsyncDisposable & {
  readonly port: number;
  readonly server: Server;
  /** How many requests it has begun to answer. */
  requests(): number;
  /** Takes no connection, answers what it has, and ends: as a program of good manners does at SIGTERM. */
  shutDown(): Promise<void>;
};

/** An HTTP server of a service; by default it answers with its name and the headers it was sent. */
export async function startInstance(name: string, answer?: RequestListener): Promise<Instance> {
  let requests = 0;
  const server = createServer((incoming, outgoing) => {
    requests += 1;
    outgoing.setHeader('x-served-by', name);
    if (answer) answer(incoming, outgoing);
    else outgoing.end(JSON.stringify({ name, method: incoming.method, url: incoming.url, headers: incoming.headers }));
  });
  const port = await listening(server);
  const shutDown = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  const dispose = async (): Promise<void> => {
    server.closeAllConnections();
    await shutDown();
  };
  return { port, server, requests: () => requests, shutDown, [Symbol.asyncDispose]: dispose };
}

export type TcpInstance = AsyncDisposable & { readonly port: number; connections(): number; endAll(): void };

export async function startTcpInstance(take: (socket: Socket) => void): Promise<TcpInstance> {
  const sockets = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    take(socket);
  });
  const port = await listening(server);
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const dispose = async (): Promise<void> => {
    endAll();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, connections: () => sockets.size, endAll, [Symbol.asyncDispose]: dispose };
}

/** A port of loopback that nobody listens on. */
export async function aFreePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
