// Owns: HTTP/2 connections to targets. Does not own: which target, or what a stream says.
//
// 1. A stream is opened only on a connection whose target has answered with its settings: until then nothing was sent
//    that it could have read, and another target may be asked.
// 2. A connection that its target takes leave of (GOAWAY), or that is full, gets no new stream; those it has go on.
// 3. The window of a connection is as wide as those of all its streams, so that one that nobody reads stops no other.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { RouterLimits } from '../core/limits.ts';

/** Bytes on their way that nobody has read yet: of a stream, and of a connection. */
export const streamWindowBytes = 262_144;
export const connectionWindowBytes = 64 * 1_048_576;
/** Megabytes that Node lets a connection hold: the window and what is being written. */
export const sessionMemoryMb = 128;
/** Of a head; its bytes are bounded by the limits, which is what counts. */
export const headPairsMax = 2_000;

export type Target = { readonly host: string; readonly targetPort: number };

/** A head, as HTTP/2 has it, and whether nothing follows it. */
export type Head = { readonly headers: readonly string[]; readonly endStream: boolean };

/** Called once: with the stream that was opened, or with why nothing was sent. */
export type Opened = (stream: ClientHttp2Stream | undefined, failure: string) => void;

type Waiting = { readonly head: Head; readonly opened: Opened };

export class Sessions implements Disposable {
  readonly #limits: RouterLimits;
  readonly #byTarget = new Map<string, Connection[]>();

  constructor(limits: RouterLimits) {
    this.#limits = limits;
  }

  /** Opens a stream on a connection that has room for it, at once where there is one (invariants 1 and 2). */
  request(target: Target, head: Head, opened: Opened): void {
    const key = `${target.host}:${target.targetPort}`;
    const known = this.#byTarget.get(key)?.find((one) => one.hasRoom());
    (known ?? this.#connect(key)).request({ head, opened }, ({ head, opened }) => this.request(target, head, opened));
  }

  #connect(key: string): Connection {
    const forget = (): void => {
      const left = (this.#byTarget.get(key) ?? []).filter((one) => one !== connection);
      if (left.length > 0) this.#byTarget.set(key, left);
      else this.#byTarget.delete(key);
    };
    const connection = new Connection(key, this.#limits, forget);
    this.#byTarget.set(key, [...(this.#byTarget.get(key) ?? []), connection]);
    return connection;
  }

  [Symbol.dispose](): void {
    for (const connection of [...this.#byTarget.values()].flat()) connection.end();
  }
}

class Connection {
  readonly #session: ClientHttp2Session;
  readonly #forget: () => void;
  #waiting: (Waiting & { readonly elsewhere: (waiting: Waiting) => void })[] = [];
  #isReady = false;
  #isLeaving = false;
  #streams = 0;
  #failure = 'ECONNRESET';

  constructor(key: string, limits: RouterLimits, forget: () => void) {
    const { connectMsMax, idleMsMax, headBytesMax } = limits;
    const session = connect(`http://${key}`, {
      maxSessionMemory: sessionMemoryMb,
      maxHeaderListPairs: headPairsMax,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes, maxHeaderListSize: headBytesMax },
    });
    this.#session = session;
    this.#forget = forget;
    const late = setTimeout(() => {
      this.#failure = 'ETIMEDOUT';
      session.destroy();
    }, connectMsMax);
    session.once('connect', () => session.setLocalWindowSize(connectionWindowBytes)); // invariant 3
    session.once('remoteSettings', () => {
      clearTimeout(late);
      this.#isReady = true;
      this.#tell();
    });
    session.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (this.#failure === 'ECONNRESET') this.#failure = code ?? this.#failure;
    });
    session.once('goaway', () => this.#leave());
    session.once('close', () => {
      clearTimeout(late);
      this.#leave();
      this.#tell();
    });
    session.setTimeout(idleMsMax);
    session.on('timeout', () => {
      if (this.#streams > 0) return;
      this.#leave();
      session.close();
    });
  }

  hasRoom(): boolean {
    if (this.#isLeaving) return false;
    return !this.#isReady || (!this.#session.closed && this.#streams < this.#streamsMax());
  }

  /** Once it is ready; `elsewhere`, where it turns out to have no room. */
  request(waiting: Waiting, elsewhere: (waiting: Waiting) => void): void {
    if (this.#isReady) this.#open(waiting);
    else this.#waiting.push({ ...waiting, elsewhere });
  }

  end(): void {
    this.#session.destroy();
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { elsewhere, ...one } of waiting) {
      if (!this.#isReady) one.opened(undefined, this.#failure);
      else if (this.hasRoom()) this.#open(one);
      else elsewhere(one);
    }
  }

  #open({ head: { headers, endStream }, opened }: Waiting): void {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(headers, { endStream });
    } catch (error) {
      // Node reads some heads that it refuses to write.
      opened(undefined, (error as NodeJS.ErrnoException).code ?? 'EINVAL');
      return;
    }
    this.#streams += 1;
    stream.once('close', () => {
      this.#streams -= 1;
    });
    opened(stream, '');
  }

  #leave(): void {
    this.#isLeaving = true;
    this.#forget();
  }

  #streamsMax(): number {
    return this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
  }
}
