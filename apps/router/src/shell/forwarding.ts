// Owns: one request on its way to a target that speaks HTTP/1.1, and its answer on the way back.
// Does not own: where it goes (core/route.ts), what its headers become (core/headers.ts), what its client speaks (client.ts).
//
// 1. A request is sent again where there was no connection, so that nothing of it can have been read. Only requests that
//    may be read twice (RFC 9110, 9.2.1) are sent again after an ended connection, and only these use kept sockets.
// 2. Every attempt asks for the route anew, because the table may have moved meanwhile.
// 3. An answer that ends too early ends the client's connection: a cut answer never looks like a whole one.
// 4. An attempt counts as in flight from the decision until its socket is free again.
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '@microstax/model/route-table';
import { requestHeaders, responseHeaders } from '../core/headers.ts';
import type { Asked, RoutedEndpoint } from '../core/route.ts';
import { Attempts } from './attempts.ts';
import type { Client, Refused } from './client.ts';
import type { ProbePassage } from './probes.ts';
import type { Routing } from './routing.ts';

const mayBeReadTwice = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export type ForwardingOptions = {
  readonly routing: Routing;
  readonly asked: Asked;
  /** Where the request belongs to a probe. */
  readonly probe: ProbePassage | undefined;
  readonly client: Client;
};

export class Forwarding {
  readonly #routing: Routing;
  readonly #asked: Asked;
  readonly #probe: ProbePassage | undefined;
  readonly #client: Client;
  readonly #attempts = new Attempts();
  /** Once: the kept socket was stale, or the target was ending. A request that ends targets must not visit them all. */
  #repeatsLeft: number;
  #upstream: ClientRequest | undefined;
  #answered = false;

  constructor({ routing, asked, probe, client }: ForwardingOptions) {
    this.#routing = routing;
    this.#asked = asked;
    this.#probe = probe;
    this.#client = client;
    this.#repeatsLeft = mayBeReadTwice.has(client.method) && !client.hasBody ? 1 : 0;
  }

  begin(): void {
    const { outgoing } = this.#client;
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) this.#upstream?.destroy(); // the client has left
    });
    this.#attempt();
  }

  #attempt(): void {
    const routing = this.#routing;
    const { body, hasBody } = this.#client;
    const routed = routing.book.route(this.#asked); // invariant 2
    if (routed.kind === 'denied') {
      if (routed.asleep === undefined) this.#refuse(routed);
      else this.#untilAwake(routed.asleep);
      return;
    }
    const endpoint = this.#attempts.pick(routed.endpoints);
    const upstream = this.#open(routed, endpoint);
    if (upstream === undefined) return;
    const end = routing.inFlight.begin(routed.target.env, endpoint.instance, routed.for); // invariant 4
    this.#upstream = upstream;
    let connected = false;
    let failure: NodeJS.ErrnoException | undefined;
    upstream.on('socket', (socket) =>
      onceConnected(upstream, { socket, waitMs: routing.limits.connectMsMax }, () => {
        connected = true;
        if (hasBody) body.pipe(upstream);
      }),
    );
    upstream.on('response', (response) => this.#answer(response, routed, endpoint));
    upstream.on('error', (error) => {
      failure ??= error;
    });
    upstream.on('close', () => {
      end();
      if (hasBody && connected && !body.readableEnded) {
        // The target answered without reading to the end; what still comes is read away, so that the client can finish.
        body.unpipe(upstream);
        body.resume();
      }
      if (!this.#answered) this.#failed(endpoint, routed.target, { connected, code: failure?.code ?? 'ECONNRESET' });
    });
    if (!hasBody) upstream.end();
  }

  #untilAwake(env: string): void {
    const then = { awake: () => this.#attempt(), refused: (refused: Refused) => this.#refuse(refused) };
    this.#routing.sleepers.holdClient(env, this.#client.outgoing, then);
  }

  #open({ stamp, target, authority }: RoutedEndpoint, { host, targetPort }: Endpoint): ClientRequest | undefined {
    const { keptSockets, newSockets, limits, log } = this.#routing;
    const { method, url, rawHeaders } = this.#client;
    const probe = this.#probe?.member(target.env);
    try {
      const upstream = request({
        agent: this.#repeatsLeft > 0 ? keptSockets : newSockets,
        host,
        port: targetPort,
        method,
        path: url,
        headers: requestHeaders(rawHeaders, { method, host: `${host}:${targetPort}`, stamp, probe, authority }),
        maxHeaderSize: limits.headBytesMax,
      });
      if (limits.requestMsMax > 0) answersWithin(upstream, limits.requestMsMax);
      return upstream;
    } catch (error) {
      // Node reads some bytes that it refuses to write.
      log.debug({ err: error }, 'a request cannot be sent on');
      this.#refuse({ status: 400, code: 'bad-request', reason: 'path or headers hold what cannot be sent on' });
      return undefined;
    }
  }

  #answer(response: IncomingMessage, { target, reason }: RoutedEndpoint, { instance }: Endpoint): void {
    const { log, logsRequests } = this.#routing;
    const client = this.#client;
    const { statusCode = 502, statusMessage, rawHeaders } = response;
    this.#answered = true;
    response.on('error', () => {}); // its close tells
    response.on('close', () => {
      if (!response.complete) client.cut(); // invariant 3
    });
    try {
      const answered = { target: `${target.env}/${target.service}`, reason };
      client.begin(statusCode, statusMessage, responseHeaders(rawHeaders, answered));
    } catch (error) {
      log.warn({ err: error, ...target, instance }, 'an answer cannot be sent on');
      client.cut();
      response.destroy();
      return;
    }
    response.pipe(client.outgoing);
    if (logsRequests) log.debug({ ...this.#asked, target, instance, reason, statusCode }, 'routed');
  }

  #failed(
    endpoint: Endpoint,
    { env, service }: RoutedEndpoint['target'],
    { connected, code }: { readonly connected: boolean; readonly code: string },
  ): void {
    const { outgoing } = this.#client;
    if (outgoing.destroyed) return;
    const isLate = connected && code === 'ETIMEDOUT';
    const again = !isLate && (!connected || this.#repeatsLeft > 0); // invariant 1
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
    this.#refuse({
      status: code === 'ETIMEDOUT' ? 504 : 502,
      code: 'upstream-failed',
      reason: `${what} ${isLate ? 'does not begin its answer in time' : did}: ${code}`,
    });
  }

  #refuse(refused: Refused): void {
    this.#routing.refusals.say(this.#asked, refused);
    this.#client.refuse(refused);
  }
}

function onceConnected(
  upstream: ClientRequest,
  { socket, waitMs }: { readonly socket: Socket; readonly waitMs: number },
  then: () => void,
): void {
  if (!socket.connecting) {
    then();
    return;
  }
  const late = setTimeout(() => upstream.destroy(tooLate()), waitMs);
  socket.once('connect', () => {
    clearTimeout(late);
    then();
  });
  socket.once('close', () => clearTimeout(late));
}

function answersWithin(upstream: ClientRequest, waitMs: number): void {
  const late = setTimeout(() => upstream.destroy(tooLate()), waitMs);
  upstream.once('response', () => clearTimeout(late));
  upstream.once('close', () => clearTimeout(late));
}

function tooLate(): Error {
  return Object.assign(new Error('not in time'), { code: 'ETIMEDOUT' });
}
