import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';

/** HTTP servers that answer with their own name, as the instances behind a proxy would. */
export type Upstreams = AsyncDisposable & {
  readonly ports: ReadonlyMap<string, number>;
  /** Values of `x-tag` that a server was asked with, copies included, in the order of arrival. */
  tagsSeenBy(name: string): readonly string[];
};

/** Settles when all of them listen on loopback. */
export async function startUpstreams(names: readonly string[]): Promise<Upstreams> {
  const servers: Server[] = [];
  const ports = new Map<string, number>();
  const seen = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const name of names) {
    const server = createServer((incoming, response) => {
      seen.get(name)?.push(String(incoming.headers['x-tag'] ?? ''));
      response.end(name);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    ports.set(name, (server.address() as AddressInfo).port);
  }
  return {
    ports,
    tagsSeenBy: (name) => seen.get(name) ?? [],
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

export type HttpAnswer = {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
};

/** One request on a connection of its own, because a proxy may remember where an earlier one went. */
export function askOnce(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  host = '127.0.0.1',
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
