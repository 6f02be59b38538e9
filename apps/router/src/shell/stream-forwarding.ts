// Owns: one HTTP/2 stream on its way to a target, and its answer on the way back.
// Does not own: connections (sessions.ts), where it goes (core/route.ts), what its headers become (core/stream-headers.ts).
//
// 1. A stream is sent again only where nothing was sent, or where the target says that it has not looked at it
//    (REFUSED_STREAM, also above the last stream of a GOAWAY), and as long as all that was sent is still held.
// 2. Each direction ends, and stops for who reads slowly, by itself.
// 3. A reset is passed on with its code. A connection that breaks is UNAVAILABLE to gRPC, and to others a broken stream
//    or an error: a cut answer never looks like a whole one. No other stream of the client is concerned.
// 4. An attempt counts as in flight from the decision until its stream is closed.
import { type ClientHttp2Stream, constants, type ServerHttp2Stream } from 'node:http2';
import type { Endpoint } from '@microstax/model/route-table';
import { grpcStatus } from '../core/grpc-refusal.ts';
import type { RawHeaders } from '../core/headers.ts';
import type { Asked, RoutedEndpoint } from '../core/route.ts';
import { streamAnswerHeaders, streamRequestHeaders, trailersOf } from '../core/stream-headers.ts';
import { Attempts } from './attempts.ts';
import { endedByHand, type Refused, refuseGrpc, refuseStream, type StreamHead } from './client.ts';
import type { ProbePassage } from './probes.ts';
import type { Routing } from './routing.ts';

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } =
  constants;

/** Of a request's body, until its answer begins: so much can be sent again. */
const heldBytesMax = 65_536;

export type StreamForwardingOptions = {
  readonly routing: Routing;
  readonly asked: Asked;
  readonly probe: ProbePassage | undefined;
  readonly stream: ServerHttp2Stream;
  readonly head: StreamHead;
};

export class StreamForwarding {
  readonly #routing: Routing;
  readonly #asked: Asked;
  readonly #probe: ProbePassage | undefined;
  readonly #client: ServerHttp2Stream;
  readonly #head: StreamHead;
  readonly #attempts = new Attempts();
  readonly #held: HeldBody;
  #upstream: ClientHttp2Stream | undefined;
  #trailers: Record<string, string | string[]> = {};

  constructor({ routing, asked, probe, stream, head }: StreamForwardingOptions) {
    this.#routing = routing;
    this.#asked = asked;
    this.#probe = probe;
    this.#client = stream;
    this.#head = head;
    this.#held = new HeldBody(stream);
  }

  begin(): void {
    const client = this.#client;
    client.once('close', () => {
      const code = client.rstCode === NGHTTP2_NO_ERROR ? NGHTTP2_CANCEL : client.rstCode;
      if (this.#upstream?.closed === false) this.#upstream.close(code); // the client has left
    });
    client.on('wantTrailers', () => {
      if (client.closed) return; // a reset wants them too
      try {
        client.sendTrailers(this.#trailers);
      } catch {
        client.close(NGHTTP2_INTERNAL_ERROR); // Node reads some that it refuses to write
      }
    });
    this.#attempt();
  }

  #attempt(): void {
    const { book, inFlight, sessions } = this.#routing;
    const routed = book.route(this.#asked); // the table may have moved since the last attempt
    if (routed.kind === 'denied') {
      if (routed.asleep === undefined) this.#refuse(routed);
      else this.#untilAwake(routed.asleep);
      return;
    }
    const endpoint = this.#attempts.pick(routed.endpoints);
    const end = inFlight.begin(routed.target.env, endpoint.instance, routed.for); // invariant 4
    const { raw, endStream } = this.#head;
    const headers = streamRequestHeaders(raw, routed, this.#probe?.member(routed.target.env));
    sessions.request(endpoint, { headers, endStream }, (upstream, failure) => {
      if (upstream === undefined) {
        end();
        this.#notSent({ routed, endpoint }, failure);
        return;
      }
      upstream.once('close', end);
      this.#send(upstream, { routed, endpoint });
    });
  }

  #untilAwake(env: string): void {
    const then = { awake: () => this.#attempt(), refused: (refused: Refused) => this.#refuse(refused) };
    this.#routing.sleepers.holdClient(env, this.#client, then);
  }

  #send(upstream: ClientHttp2Stream, tried: Tried): void {
    const client = this.#client;
    const { requestMsMax } = this.#routing.limits;
    this.#upstream = upstream;
    upstream.on('error', () => {}); // its close tells
    if (client.destroyed) {
      upstream.close(NGHTTP2_CANCEL);
      return;
    }
    const late = requestMsMax > 0 ? setTimeout(() => this.#tooLate(upstream, tried), requestMsMax) : undefined;
    const { session } = upstream;
    upstream.on('headers', (headers) => {
      if (!client.closed && !client.headersSent && headers[':status'] !== 101) client.additionalHeaders(headers);
    });
    upstream.once('response', (_headers, flags, raw) => {
      clearTimeout(late);
      this.#held.drop();
      this.#answer(upstream, tried, { raw: raw ?? [], endStream: (flags & NGHTTP2_FLAG_END_STREAM) !== 0 });
    });
    upstream.once('trailers', (_headers, _flags, raw) => {
      this.#trailers = trailersOf((raw as RawHeaders | undefined) ?? []);
    });
    upstream.once('close', () => {
      clearTimeout(late);
      this.#held.detach(upstream);
      this.#closed(upstream, tried, session?.destroyed === true);
    });
    if (!this.#head.endStream) this.#held.attach(upstream);
  }

  #answer(
    upstream: ClientHttp2Stream,
    { routed: { target, reason }, endpoint: { instance } }: Tried,
    { raw, endStream }: { readonly raw: RawHeaders; readonly endStream: boolean },
  ): void {
    const client = this.#client;
    const { log, logsRequests } = this.#routing;
    if (client.destroyed || client.headersSent) return;
    const headers = streamAnswerHeaders(raw, { target: `${target.env}/${target.service}`, reason });
    try {
      client.respond(headers, { ...endedByHand, endStream, waitForTrailers: !endStream });
    } catch (error) {
      log.warn({ err: error, ...target, instance }, 'an answer cannot be sent on');
      client.close(NGHTTP2_INTERNAL_ERROR);
      return;
    }
    if (logsRequests) log.debug({ ...this.#asked, target, instance, reason }, 'routed');
    if (endStream) upstream.resume();
    else upstream.pipe(client); // invariant 2
  }

  #closed(upstream: ClientHttp2Stream, tried: Tried, isConnectionLost: boolean): void {
    const client = this.#client;
    if (client.destroyed || client.closed || upstream !== this.#upstream) return;
    const code = upstream.rstCode;
    if (!client.headersSent) {
      if (code === NGHTTP2_REFUSED_STREAM && this.#held.isWhole)
        this.#again(tried, 'REFUSED_STREAM'); // invariant 1
      else if (isConnectionLost) this.#failed(tried, 'ended the connection before its answer: ECONNRESET');
      else client.close(code === NGHTTP2_NO_ERROR ? NGHTTP2_INTERNAL_ERROR : code);
      return;
    }
    if (upstream.readableEnded && code === NGHTTP2_NO_ERROR) {
      // Its answer is whole. Whatever the client still sends is of no use: RFC 9113, 8.1.
      if (!client.readableEnded) client.once('finish', () => client.close(NGHTTP2_NO_ERROR));
      return;
    }
    if (isConnectionLost && this.#head.isGrpc) this.#endUnavailable(tried);
    else client.close(isConnectionLost || code === NGHTTP2_NO_ERROR ? NGHTTP2_INTERNAL_ERROR : code); // invariant 3
  }

  #endUnavailable({ routed, endpoint }: Tried): void {
    const reason = `${named(routed, endpoint)} broke the connection within its answer`;
    this.#trailers = grpcStatus({ status: 502, reason });
    this.#client.end();
  }

  #notSent(tried: Tried, failure: string): void {
    if (!this.#client.destroyed) this.#again(tried, failure);
  }

  #again(tried: Tried, failure: string): void {
    const delayMs = this.#attempts.next(tried.endpoint);
    if (delayMs === undefined) {
      this.#failed(tried, `takes no stream: ${failure}`);
      return;
    }
    setTimeout(() => {
      if (!this.#client.destroyed) this.#attempt();
    }, delayMs);
  }

  #tooLate(upstream: ClientHttp2Stream, tried: Tried): void {
    this.#failed(tried, 'does not begin its answer in time: ETIMEDOUT', 504);
    upstream.close(NGHTTP2_CANCEL);
  }

  #failed({ routed, endpoint }: Tried, did: string, status = 502): void {
    this.#refuse({ status, code: 'upstream-failed', reason: `${named(routed, endpoint)} ${did}` });
  }

  #refuse(refused: Refused): void {
    this.#routing.refusals.say(this.#asked, refused);
    this.#held.drop();
    if (this.#head.isGrpc) refuseGrpc(this.#client, refused);
    else refuseStream(this.#client, refused);
  }
}

type Tried = { readonly routed: RoutedEndpoint; readonly endpoint: Endpoint };

function named({ target: { env, service } }: RoutedEndpoint, { instance }: Endpoint): string {
  return `instance "${instance}" of service "${service}" in environment "${env}"`;
}

/** A request's body on its way; its beginning is held until somebody has answered. */
class HeldBody {
  readonly #client: ServerHttp2Stream;
  #chunks: Buffer[] | undefined = [];
  #bytes = 0;
  #isEnded = false;
  #upstream: ClientHttp2Stream | undefined;

  constructor(client: ServerHttp2Stream) {
    this.#client = client;
  }

  /** Whether all of it that was sent can be sent again. */
  get isWhole(): boolean {
    return this.#chunks !== undefined;
  }

  attach(upstream: ClientHttp2Stream): void {
    const client = this.#client;
    const isFirst = this.#upstream === undefined;
    this.#upstream = upstream;
    for (const chunk of this.#chunks ?? []) upstream.write(chunk);
    if (this.#isEnded) upstream.end();
    upstream.on('drain', () => client.resume());
    if (isFirst) this.#read();
    else client.resume();
  }

  detach(upstream: ClientHttp2Stream): void {
    if (this.#upstream === upstream && this.#chunks === undefined) this.#client.resume();
  }

  drop(): void {
    this.#chunks = undefined;
  }

  #read(): void {
    const client = this.#client;
    client.on('data', (chunk: Buffer) => {
      this.#hold(chunk);
      const upstream = this.#upstream;
      if (upstream === undefined || upstream.destroyed || upstream.writableEnded) return;
      if (!upstream.write(chunk)) client.pause();
    });
    client.once('end', () => {
      this.#isEnded = true;
      this.#upstream?.end();
    });
  }

  #hold(chunk: Buffer): void {
    if (this.#chunks === undefined) return;
    this.#bytes += chunk.length;
    if (this.#bytes > heldBytesMax) this.drop();
    else this.#chunks.push(chunk);
  }
}
