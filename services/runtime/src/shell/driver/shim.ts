import { execFile } from 'node:child_process';
import { endPausedShims } from './paused-shims.ts';
import { shell, shimPath } from './shim-path.ts';

/** What the shim's exit codes mean; `shim.sh` lists them. */
export const shimExit = { done: 0, nothing: 3, usage: 64, cannotWrite: 73, noLock: 74, fenced: 75 } as const;

export type ShimCommand =
  | { readonly verb: 'stamp'; readonly folder: string; readonly epoch: number }
  | {
      readonly verb: 'signal';
      readonly folder: string;
      readonly instance: string;
      readonly epoch: number;
      readonly signal: 'TERM' | 'KILL';
    }
  | { readonly verb: 'forget'; readonly folder: string; readonly instance: string; readonly epoch: number };

export type ShimAnswer = 'done' | 'nothing' | 'fenced';

/** Runs the shim for anything but a start. Rejects where the shim could not do its work: a disk or lock problem. */
export async function runShim(command: ShimCommand): Promise<ShimAnswer> {
  const { code, stderr } = await withoutPaused(command, () => run([shimPath, ...wordsOf(command)]));
  if (code === shimExit.done) return 'done';
  if (code === shimExit.fenced) return 'fenced';
  if (code === shimExit.nothing) return 'nothing';
  throw new Error(`Cannot ${command.verb} in "${command.folder}": ${explainShimExit(code)}${stderr && `, ${stderr}`}`);
}

/** An exit code of the shim in words. */
export function explainShimExit(code: number | null): string {
  if (code === shimExit.noLock) return 'the lock was not free within 20 s, its holder may be paused';
  if (code === shimExit.cannotWrite) return 'a file could not be read or written';
  return `the shim ended with exit code ${code}`;
}

// A shim takes milliseconds; who waits longer looks whether an older one sleeps with the lock in its hand.
const lookMs = 250;

async function withoutPaused<T>({ folder, epoch }: ShimCommand, work: () => Promise<T>): Promise<T> {
  const looking = setInterval(() => endPausedShims(folder, epoch), lookMs);
  try {
    return await work();
  } finally {
    clearInterval(looking);
  }
}

function wordsOf(command: ShimCommand): string[] {
  const { verb, folder, epoch } = command;
  if (verb === 'stamp') return [verb, folder, String(epoch)];
  const words = [verb, folder, command.instance, String(epoch)];
  return verb === 'signal' ? [...words, command.signal] : words;
}

function run(words: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(shell, words, { env: {} }, (error, _stdout, stderr) => {
      if (error && typeof error.code !== 'number') return reject(error);
      resolve({ code: child.exitCode, stderr: stderr.trim() });
    });
  });
}
