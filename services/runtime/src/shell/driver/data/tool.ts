import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { onPath } from '@microstax/service/on-path';
import type { HostEnvironment } from '../start-process.ts';
import { DataRefusal } from './data-folder.ts';

export type Tool = {
  readonly program: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Writes to its standard input; where it rejects, the tool is ended and nothing more is written. */
  readonly feed?: (input: Writable) => Promise<void>;
  /** Where its output goes; by default it is kept and returned. */
  readonly log?: number;
};

export type ToolEnd = { readonly code: number | null; readonly output: string; readonly errors: string };

const keptChars = 64 * 1024;

/** Runs a program to its end. Rejects where it cannot be started, is cancelled, or `feed` rejects. */
export function runTool({ program, words, environment, cwd, signal, feed, log }: Tool): Promise<ToolEnd> {
  return new Promise((resolve, reject) => {
    const stdio = log === undefined ? (['pipe', 'pipe', 'pipe'] as const) : (['pipe', log, log] as const);
    const child = spawn(program, words, {
      env: { ...environment },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: [...stdio],
      detached: true,
    });
    let [output, errors] = ['', ''];
    let broken: unknown;
    const end = (error: unknown): void => {
      broken ??= error;
      // Its whole group: a program may have started others. What is cut off is rolled back by whoever heard it begin.
      if (child.pid !== undefined && child.exitCode === null) killGroup(child.pid);
    };
    const cancel = (): void => end(new Cancelled());
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-keptChars)));
    child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk).slice(-keptChars)));
    child.stdin?.on('error', () => undefined); // it ended before it read everything: its exit code says why
    child.once('error', (error) => {
      signal?.removeEventListener('abort', cancel);
      reject(error);
    });
    child.once('close', (code) => {
      signal?.removeEventListener('abort', cancel);
      if (broken !== undefined) reject(broken);
      else resolve({ code, output, errors });
    });
    const input = child.stdin;
    if (feed === undefined || input === null) input?.end();
    else feed(input).then(() => input.end(), end);
  });
}

export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

/** A program on the PATH that the driver was given. */
export function toolOnPath(host: HostEnvironment, name: string): string {
  const found = onPath({ PATH: host.PATH }, name);
  if (found === undefined)
    throw new DataRefusal(`${name} is not on the PATH of the runtime; install the client programs of PostgreSQL`);
  return found;
}

/** Waits where the reader is behind. */
export async function writeTo(input: Writable, text: string): Promise<void> {
  if (input.destroyed || input.write(text)) return;
  await new Promise<void>((resolve) => {
    input.once('drain', resolve);
    input.once('close', resolve);
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}
