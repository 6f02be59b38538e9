import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream, type ServerStreamResponseOptions } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import { grpcStatus } from '../core/grpc-refusal.ts';
import { announcesBody, headerText, type RawHeaders, reasonHeader } from '../core/headers.ts';
import { requestHeadOf, streamAnswerOf } from '../core/stream-headers.ts';

/** A request that the router answers itself. */
export type Refused = {
  readonly status: number;
  readonly code: string;
  readonly reason: string;
  /** When it is worth trying again. */
  readonly retryAfterSeconds?: number;
};

/** Who asked, as HTTP/1.1 says it, whatever the version: head and body of the request, and the ways to answer. */
export type Client = {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: RawHeaders;
  readonly hasBody: boolean;
  readonly body: Readable;
  /** Takes the answer's body. */
  readonly outgoing: Writable;
  /** Sends the head. Throws where it holds what cannot be sent on. */
  begin(status: number, message: string | undefined, headers: string[]): void;
  /** The answer's end never comes: it must not look whole. */
  cut(): void;
  refuse(refused: Refused): void;
};

/**
 * The end of the body does not end the stream: Node ends the body of a stream that is reset first, and a cut answer would
 * look whole. Nothing is added to the head: a date is the target's to say. That option is younger than its type.
 */
export const endedByHand: ServerStreamResponseOptions & { readonly sendDate: boolean } = {
  sendDate: false,
  waitForTrailers: true,
};

export type Http1Options = {
  readonly headers: Parameters<typeof announcesBody>[0];
  /** Whether its connection ends with this answer; asked when the answer begins. */
  readonly isLast: () => boolean;
};

export class Http1Client implements Client {
  readonly #isLast: () => boolean;
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: RawHeaders;
  readonly hasBody: boolean;
  readonly body: IncomingMessage;
  readonly outgoing: ServerResponse;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, { headers, isLast }: Http1Options) {
    this.method = incoming.method ?? 'GET';
    this.url = incoming.url ?? '';
    this.rawHeaders = incoming.rawHeaders;
    this.hasBody = announcesBody(headers);
    this.#isLast = isLast;
    this.body = incoming;
    this.outgoing = outgoing;
  }

  begin(status: number, message: string | undefined, headers: string[]): void {
    if (this.#isLast()) this.outgoing.shouldKeepAlive = false;
    this.outgoing.writeHead(status, message, headers);
  }

  /** A reset, because an answer that lasts until the connection's end would look whole after an ordinary one. */
  cut(): void {
    if (this.outgoing.socket === null) this.outgoing.destroy();
    else this.outgoing.socket.resetAndDestroy();
  }

  refuse(refused: Refused): void {
    const { body, headers } = refusalOf(refused);
    if (this.#isLast()) this.outgoing.shouldKeepAlive = false;
    this.outgoing.writeHead(refused.status, headers);
    this.outgoing.end(body);
  }
}

/** A client of HTTP/2 whose target speaks HTTP/1.1. */
export class StreamClient implements Client {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: RawHeaders;
  readonly hasBody: boolean;
  readonly body: ServerHttp2Stream;
  readonly outgoing: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, { method, path, raw, endStream }: StreamHead) {
    this.method = method;
    this.url = path;
    this.hasBody = !endStream;
    this.rawHeaders = requestHeadOf(raw, this.hasBody);
    this.body = stream;
    this.outgoing = stream;
  }

  begin(status: number, _message: string | undefined, headers: string[]): void {
    const stream = this.outgoing;
    stream.respond(streamAnswerOf(status, headers), endedByHand);
    stream.once('wantTrailers', () => {
      if (!stream.closed) stream.sendTrailers({});
    });
  }

  cut(): void {
    this.outgoing.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  refuse(refused: Refused): void {
    refuseStream(this.outgoing, refused);
  }
}

export type StreamHead = {
  readonly method: string;
  readonly path: string;
  readonly raw: RawHeaders;
  readonly endStream: boolean;
  readonly isGrpc: boolean;
};

export function refuseStream(stream: ServerHttp2Stream, refused: Refused): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const { body, headers } = refusalOf(refused);
  stream.respond({ ':status': refused.status, ...headers });
  stream.end(body, () => stopReading(stream));
}

/** A gRPC client gets a status in place of an HTTP error: trailers alone, which its library understands. */
export function refuseGrpc(stream: ServerHttp2Stream, refused: Refused): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const head = { ':status': 200, 'content-type': 'application/grpc', [reasonHeader]: reasonOf(refused) };
  stream.respond({ ...head, ...grpcStatus(refused) }, { endStream: true });
  stopReading(stream);
}

/** What the client still sends is of no use: RFC 9113, 8.1. */
function stopReading(stream: ServerHttp2Stream): void {
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}

function refusalOf({ code, reason, retryAfterSeconds }: Refused): {
  readonly body: string;
  readonly headers: Record<string, string>;
} {
  const body = `${JSON.stringify({ error: { code, message: reason } })}\n`;
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      [reasonHeader]: reasonOf({ code, reason }),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
  };
}

function reasonOf({ code, reason }: Pick<Refused, 'code' | 'reason'>): string {
  return headerText(`${code}; ${reason}`);
}
