// Owns: one request on its way to a target, and its answer on the way back.
// Does not own: where it goes (core/route.ts), what its headers become (core/headers.ts).
//
// 1. A request is sent again where there was no connection, so that nothing of it can have been read. Only requests that
//    may be read twice (RFC 9110, 9.2.1) are sent again after an ended connection, and only these use kept sockets.
// 2. Every attempt asks for the route anew, because the table may have moved meanwhile.
// 3. An answer that ends too early ends the client's connection: a cut answer never looks like a whole one.
// 4. An attempt counts as in flight from the decision until its socket is free again.
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '@microstax/model/route-table';
import { announcesBody, requestHeaders, responseHeaders } from '../core/headers.ts';
import { type Asked, type RoutedEndpoint, route } from '../core/route.ts';
import { Attempts } from './attempts.ts';
import type { Refused } from './http-proxy.ts';
import type { Routing } from './routing.ts';

const connectMsMax = 5_000;
const mayBeReadTwice = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export type ForwardingOptions = {
  readonly routing: Routing;
  readonly asked: Asked;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly refuse: (refused: Refused) => void;
};

export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #method: string;
  readonly #hasBody: boolean;
  readonly #attempts = new Attempts();
  /** Once: the kept socket was stale, or the target was ending. A request that ends targets must not visit them all. */
  #repeatsLeft: number;
  #upstream: ClientRequest | undefined;
  #answered = false;

  constructor(options: ForwardingOptions) {
    const { method = 'GET', headers } = options.incoming;
    this.#options = options;
    this.#method = method;
    this.#hasBody = announcesBody(headers);
    this.#repeatsLeft = mayBeReadTwice.has(method) && !this.#hasBody ? 1 : 0;
  }

  begin(): void {
    const { outgoing } = this.#options;
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) this.#upstream?.destroy(); // the client has left
    });
    this.#attempt();
  }

  #attempt(): void {
    const { routing, asked, incoming, refuse } = this.#options;
    const routed = route(asked, routing.tables); // invariant 2
    if (routed.kind === 'denied') {
      refuse(routed);
      return;
    }
    const endpoint = this.#attempts.pick(routed.endpoints);
    const upstream = this.#open(routed, endpoint);
    if (upstream === undefined) return;
    const end = routing.inFlight.begin(routed.target.env, endpoint.instance); // invariant 4
    this.#upstream = upstream;
    let connected = false;
    let failure: NodeJS.ErrnoException | undefined;
    upstream.once('socket', (socket) =>
      onceConnected(upstream, socket, () => {
        connected = true;
        if (this.#hasBody) incoming.pipe(upstream);
      }),
    );
    upstream.once('response', (response) => this.#answer(response, routed, endpoint));
    upstream.on('error', (error) => {
      failure ??= error;
    });
    upstream.once('close', () => {
      end();
      if (this.#hasBody && connected && !incoming.readableEnded) {
        // The target answered without reading to the end; what still comes is read away, so that the client can finish.
        incoming.unpipe(upstream);
        incoming.resume();
      }
      if (!this.#answered) this.#failed(endpoint, routed.target, { connected, code: failure?.code ?? 'ECONNRESET' });
    });
    if (!this.#hasBody) upstream.end();
  }

  #open({ stamp }: RoutedEndpoint, { host, targetPort }: Endpoint): ClientRequest | undefined {
    const { routing, incoming, refuse } = this.#options;
    try {
      return request({
        agent: this.#repeatsLeft > 0 ? routing.keptSockets : routing.newSockets,
        host,
        port: targetPort,
        method: this.#method,
        path: incoming.url,
        headers: requestHeaders(incoming.rawHeaders, { method: this.#method, host: `${host}:${targetPort}`, stamp }),
      });
    } catch (error) {
      // Node reads some bytes that it refuses to write.
      routing.log.debug({ err: error }, 'a request cannot be sent on');
      refuse({ status: 400, code: 'bad-request', reason: 'path or headers hold what cannot be sent on' });
      return undefined;
    }
  }

  #answer(response: IncomingMessage, { target, reason }: RoutedEndpoint, { instance }: Endpoint): void {
    const { routing, asked, outgoing } = this.#options;
    const { statusCode = 502, statusMessage, rawHeaders } = response;
    this.#answered = true;
    response.on('error', () => {}); // its close tells
    response.once('close', () => {
      if (!response.complete) cut(outgoing); // invariant 3
    });
    try {
      const answered = { target: `${target.env}/${target.service}`, reason };
      outgoing.writeHead(statusCode, statusMessage, responseHeaders(rawHeaders, answered));
    } catch (error) {
      routing.log.warn({ err: error, ...target, instance }, 'an answer cannot be sent on');
      cut(outgoing);
      response.destroy();
      return;
    }
    response.pipe(outgoing);
    routing.log.debug({ ...asked, target, instance, reason, statusCode }, 'routed');
  }

  #failed(
    endpoint: Endpoint,
    { env, service }: RoutedEndpoint['target'],
    { connected, code }: { readonly connected: boolean; readonly code: string },
  ): void {
    const { outgoing, refuse } = this.#options;
    if (outgoing.destroyed) return;
    const again = !connected || this.#repeatsLeft > 0; // invariant 1
    if (connected) this.#repeatsLeft -= 1;
    const delayMs = again ? this.#attempts.next(endpoint) : undefined;
    if (delayMs !== undefined) {
      setTimeout(() => {
        if (!outgoing.destroyed) this.#attempt();
      }, delayMs);
      return;
    }
    const what = `instance "${endpoint.instance}" of service "${service}" in environment "${env}"`;
    const did = connected ? 'ended the connection before its answer' : 'takes no connection';
    refuse({ status: code === 'ETIMEDOUT' ? 504 : 502, code: 'upstream-failed', reason: `${what} ${did}: ${code}` });
  }
}

function onceConnected(upstream: ClientRequest, socket: Socket, then: () => void): void {
  if (!socket.connecting) {
    then();
    return;
  }
  const late = setTimeout(
    () => upstream.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })),
    connectMsMax,
  );
  socket.once('connect', () => {
    clearTimeout(late);
    then();
  });
  socket.once('close', () => clearTimeout(late));
}

/** A reset, because an answer that lasts until the connection's end would look whole after an ordinary one. */
function cut(outgoing: ServerResponse): void {
  if (outgoing.socket === null) outgoing.destroy();
  else outgoing.socket.resetAndDestroy();
}
