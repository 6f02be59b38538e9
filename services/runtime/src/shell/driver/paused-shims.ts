import { readdirSync, readFileSync } from 'node:fs';
import { parseStat } from '@microstax/service/process-identity';
import { shimPath } from './shim-path.ts';

/**
 * Ends the shims of lower epochs that stand still (SIGSTOP) in this folder, with whom they wait for. One of them may have
 * the lock in its hand and would keep every later owner out for as long as it sleeps (protocol 22, 23). What is ended had
 * no effect yet, or has a record that tells it is dead; it would be fenced when it wakes.
 */
export function endPausedShims(folder: string, epoch: number): void {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processAt(Number(name)) ?? []);
  for (const shim of all) {
    if (!isOlderShim(shim.words, folder, epoch)) continue;
    const both = [shim, ...all.filter(({ parent }) => parent === shim.pid)];
    if (both.some(({ state }) => state === 'T')) for (const { pid } of both) end(pid);
  }
}

type Found = {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly words: readonly string[];
};

function processAt(pid: number): Found | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1]);
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return { pid, parent, state: parseStat(line)?.state ?? '', words };
  } catch {
    return undefined; // it has ended meanwhile, or is another user's
  }
}

// sh shim.sh stamp DIR EPOCH, or sh shim.sh <verb> DIR INSTANCE EPOCH …
function isOlderShim([, script, verb, dir, ...rest]: readonly string[], folder: string, epoch: number): boolean {
  if (script !== shimPath || dir !== folder) return false;
  return Number(verb === 'stamp' ? rest[0] : rest[1]) < epoch;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
