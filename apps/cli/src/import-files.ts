import type { ImportFile } from '@microstax/contracts/import-requests';
import { readBytes } from './blueprint-file.ts';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';

/** What one request to a bus of our own carries, with room for its envelope. */
const requestBytesMax = 8 * 1024 * 1024 - 64 * 1024;

/** Reads a file for an import; `-` is standard input. Throws `CliError` where it cannot. */
export function readImportFile(path: string): ImportFile {
  return { path: path === '-' ? 'stdin' : path, text: readBytes(path).toString('utf8') };
}

/** A file that another one names; undefined where there is none. */
export function findImportFile(path: string): ImportFile | undefined {
  try {
    return readImportFile(path);
  } catch (error) {
    if (error instanceof CliError && error.parts.code === 'unreadable-file') return undefined;
    throw error;
  }
}

/** Throws where a request would pass what the bus carries. */
export function checkImportSize(request: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(request));
  if (bytes <= requestBytesMax) return;
  throw new CliError({
    code: 'import-too-large',
    message: `The files are ${bytes} bytes together, at most ${requestBytesMax} are allowed`,
    next: 'import them in parts',
    exitCode: exitCodes.invalidInput,
  });
}
