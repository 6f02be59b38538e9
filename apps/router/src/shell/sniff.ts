import type { Socket } from 'node:net';

/** What a client speaks, as its first bytes say. */
export type Spoken = 'http1' | 'http2' | 'tls';

/** RFC 9113, 3.4: what no request of HTTP/1.1 begins with. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const tlsHandshake = 0x16;

/**
 * Reads until the first bytes tell, gives them back to the socket, and says once what they are. A client that does not
 * begin within `waitMs` is let go.
 */
export function sniff(socket: Socket, waitMs: number, then: (spoken: Spoken) => void): void {
  const late = setTimeout(() => socket.destroy(), waitMs).unref();
  const stop = (): void => clearTimeout(late);
  socket.once('close', stop);
  let begun: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) begun = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
    const spoken = chunk === null ? undefined : spokenBy(begun);
    if (spoken === undefined) {
      if (socket.readableEnded) socket.destroy();
      else socket.once('readable', look);
      return;
    }
    stop();
    socket.off('close', stop);
    socket.unshift(begun); // only now: what is given back is announced again at once
    then(spoken);
  };
  socket.once('readable', look);
}

/** Undefined where more bytes are needed. */
export function spokenBy(bytes: Buffer): Spoken | undefined {
  if (bytes[0] === tlsHandshake) return 'tls';
  const length = Math.min(bytes.length, preface.length);
  if (preface.compare(bytes, 0, length, 0, length) !== 0) return 'http1';
  return length === preface.length ? 'http2' : undefined;
}
