import { readSync } from 'node:fs';

const chunkBytes = 64 * 1024;
const pauseMs = 10;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * All of standard input, once who writes it has ended. A pipe that is shared with others may not block, and then says
 * EAGAIN for as long as nothing is written: it is asked again.
 */
export function readStdin(): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const count = readSome(chunk);
    if (count === 0) return Buffer.concat(chunks);
    if (count === null) Atomics.wait(sleeper, 0, 0, pauseMs);
    else chunks.push(chunk.subarray(0, count));
  }
}

/** null where nothing is there yet. */
function readSome(chunk: Buffer): number | null {
  try {
    return readSync(0, chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return null;
    if (code === 'EOF') return 0;
    throw error;
  }
}
