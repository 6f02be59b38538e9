import { once } from 'node:events';
import { type Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export type Called = { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: string };

export type CallOptions = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
};

/** One request, answered to the end. Rejects where the connection breaks, also in the middle of an answer. */
export async function call(port: number, { body, ...options }: CallOptions = {}): Promise<Called> {
  const outgoing = request({ host: '127.0.0.1', port, ...options });
  const failed = once(outgoing, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => undefined);
  outgoing.end(body);
  const [response] = (await Promise.race([once(outgoing, 'response'), failed])) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** Writes bytes and reads until the other side ends. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = await connected(port);
  socket.write(bytes);
  return text(socket);
}

export async function connected(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}
