import { isAscii } from 'node:buffer';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The text that bytes in UTF-8 are. Nearly every message is plain ASCII, which is read many times faster. Throws a
 * `TypeError` on bytes that are no UTF-8.
 */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isAscii(buffer) ? buffer.toString('latin1') : utf8.decode(bytes);
}
