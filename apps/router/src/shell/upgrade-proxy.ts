import { type ClientRequest, type IncomingMessage, request, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '@microstax/model/route-table';
import { type RawHeaders, requestHeaders, responseHeaders } from '../core/headers.ts';
import type { Address, Denied, RoutedEndpoint } from '../core/route.ts';
import { Attempts } from './attempts.ts';
import { Http1Client, type Refused } from './client.ts';
import { type AskedAt, askedAt, impossibleRequest } from './http-proxy.ts';
import { join } from './passages.ts';
import type { Routing } from './routing.ts';

/** h2c is an offer, which a server may pass over; any other protocol is what the client came for. */
export function wantsUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && headers.upgrade.toLowerCase() !== 'h2c';
}

/**
 * Routes a connection by its first request. Where the target agrees to the upgrade, bytes pass in both directions from
 * then on, at the pace of who reads; where it does not, its answer is the client's.
 */
export function handleUpgrade(routing: Routing, address: Address, incoming: IncomingMessage, client: Socket): void {
  client.setNoDelay(true);
  client.setTimeout(0);
  client.on('error', () => client.destroy());
  const impossible = impossibleRequest(incoming);
  if (impossible !== undefined) refuse(routing, { address, incoming, client }, impossible);
  else new Upgrading(routing, { address, incoming, client }).attempt();
}

type First = { readonly address: Address; readonly incoming: IncomingMessage; readonly client: Socket };

class Upgrading {
  readonly #routing: Routing;
  readonly #first: First;
  readonly #at: AskedAt;
  readonly #attempts = new Attempts();

  constructor(routing: Routing, first: First) {
    this.#routing = routing;
    this.#first = first;
    this.#at = askedAt(first.address, first.incoming.headers, routing);
    first.client.once('close', () => this.#at.probe?.end());
  }

  attempt(): void {
    const routed = this.#routing.book.route(this.#at.asked);
    if (routed.kind === 'denied') this.#denied(routed);
    else this.#send(routed, this.#attempts.pick(routed.endpoints));
  }

  #denied(denied: Denied): void {
    const refused = (why: Refused): void => refuse(this.#routing, this.#first, why);
    const then = { awake: () => this.attempt(), refused };
    if (denied.asleep === undefined) refused(denied);
    else this.#routing.sleepers.holdClient(denied.asleep, this.#first.client, then);
  }

  #send(routed: RoutedEndpoint, endpoint: Endpoint): void {
    const { inFlight, limits } = this.#routing;
    const { client } = this.#first;
    const upstream = this.#open(routed, endpoint);
    if (upstream === undefined) return;
    const end = inFlight.begin(routed.target.env, endpoint.instance, routed.for);
    let [connected, answered, code] = [false, false, 'ECONNRESET'];
    const late = setTimeout(
      () => upstream.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })),
      limits.connectMsMax,
    );
    const leave = (): void => void upstream.destroy();
    client.once('close', leave);
    const settle = (): void => {
      clearTimeout(late);
      client.off('close', leave);
    };
    upstream.once('socket', (socket) =>
      socket.once('connect', () => {
        clearTimeout(late);
        connected = true;
      }),
    );
    upstream.once('upgrade', (response, socket, head) => {
      answered = true;
      settle();
      socket.once('close', end);
      this.#join(routed, endpoint, { response, socket: socket as Socket, head });
    });
    upstream.once('response', (response) => {
      answered = true;
      settle();
      response.once('close', end);
      this.#answer(routed, response);
    });
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? code;
    });
    upstream.once('close', () => {
      settle();
      if (answered) return;
      end();
      if (!client.destroyed) this.#failed(endpoint, { connected, code });
    });
    upstream.end();
  }

  #open({ stamp, target, authority }: RoutedEndpoint, { host, targetPort }: Endpoint): ClientRequest | undefined {
    const { method = 'GET', url, rawHeaders, headers } = this.#first.incoming;
    const probe = this.#at.probe?.member(target.env);
    try {
      const sent = requestHeaders(rawHeaders, { method, host: `${host}:${targetPort}`, stamp, probe, authority });
      sent.push('connection', 'upgrade', 'upgrade', headers.upgrade ?? '');
      const { newSockets: agent, limits } = this.#routing;
      return request({
        agent,
        host,
        port: targetPort,
        method,
        path: url,
        headers: sent,
        maxHeaderSize: limits.headBytesMax,
      });
    } catch {
      const reason = 'path or headers hold what cannot be sent on';
      refuse(this.#routing, this.#first, { status: 400, code: 'bad-request', reason });
      return undefined;
    }
  }

  #join(
    { target, reason }: RoutedEndpoint,
    { instance }: Endpoint,
    { response, socket, head }: { readonly response: IncomingMessage; readonly socket: Socket; readonly head: Buffer },
  ): void {
    const { client } = this.#first;
    const { log, passages } = this.#routing;
    socket.on('error', () => socket.destroy());
    if (client.destroyed) {
      socket.destroy();
      return;
    }
    const headers = responseHeaders(response.rawHeaders, { target: `${target.env}/${target.service}`, reason });
    headers.push('connection', 'upgrade', 'upgrade', response.headers.upgrade ?? '');
    client.write(headText(response, headers), 'latin1');
    if (head.length > 0) socket.unshift(head);
    passages.watch(client, this.#at.asked, { env: target.env, instance });
    log.debug({ ...this.#at.asked, target, instance }, 'passes an upgraded connection through');
    join(client, socket);
  }

  #answer({ target, reason }: RoutedEndpoint, response: IncomingMessage): void {
    const { incoming, client } = this.#first;
    const outgoing = answering(incoming, client);
    const { statusCode = 502, statusMessage, rawHeaders } = response;
    response.on('error', () => {});
    response.once('close', () => {
      if (!response.complete) client.resetAndDestroy();
    });
    const answered = { target: `${target.env}/${target.service}`, reason };
    outgoing.writeHead(statusCode, statusMessage, responseHeaders(rawHeaders, answered));
    response.pipe(outgoing);
  }

  #failed(endpoint: Endpoint, { connected, code }: { readonly connected: boolean; readonly code: string }): void {
    const delayMs = connected ? undefined : this.#attempts.next(endpoint);
    if (delayMs !== undefined) {
      setTimeout(() => {
        if (!this.#first.client.destroyed) this.attempt();
      }, delayMs);
      return;
    }
    const { env, service } = this.#at.asked;
    const did = connected ? 'ended the connection before its answer' : 'takes no connection';
    refuse(this.#routing, this.#first, {
      status: code === 'ETIMEDOUT' ? 504 : 502,
      code: 'upstream-failed',
      reason: `instance "${endpoint.instance}" of service "${service}", asked for in "${env}", ${did}: ${code}`,
    });
  }
}

function refuse(routing: Routing, { address, incoming, client }: First, refused: Refused): void {
  routing.refusals.say(address, refused);
  new Http1Client(incoming, answering(incoming, client), {
    headers: incoming.headers,
    isLast: () => true,
  }).refuse(refused);
}

/** Node hands over the bare socket with an upgrade; this writes an ordinary last answer on it. */
function answering(incoming: IncomingMessage, client: Socket): ServerResponse {
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(client);
  outgoing.once('finish', () => client.destroySoon());
  return outgoing;
}

function headText({ statusMessage = '' }: IncomingMessage, headers: RawHeaders): string {
  const lines = [`HTTP/1.1 101 ${statusMessage}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
