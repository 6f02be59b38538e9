import { open } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';

const tailBytes = 8_192;
const lineCharsMax = 300;
const secretCharsMax = 32;

/** The last lines of a log for an error message: without control characters, bounded, and without any of the secrets. */
export async function logTail(file: string, options: { lines: number; secrets: readonly string[] }): Promise<string[]> {
  const text = await lastBytes(file);
  return mask(text, options.secrets)
    .split('\n')
    .map(clean)
    .filter((line) => line !== '')
    .slice(-options.lines);
}

function mask(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, '[redacted]'), text);
}

function clean(line: string): string {
  const plain = stripVTControlCharacters(line)
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim();
  return plain.length > lineCharsMax ? `${plain.slice(0, lineCharsMax)}…` : plain;
}

async function lastBytes(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString('utf8');
    // A cut line may begin in the middle of a secret, which no mask would find.
    return size > tailBytes ? text.slice(Math.max(text.indexOf('\n') + 1, secretCharsMax)) : text;
  } finally {
    await handle.close();
  }
}
