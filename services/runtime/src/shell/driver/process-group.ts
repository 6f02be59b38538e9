import { readdirSync, readFileSync } from 'node:fs';
import { processState } from '@microstax/service/process-identity';

/** Whether no member of the process group lives any more. A zombie has ended, though the kernel still counts it. */
export function groupEnded(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return true;
  }
  return groupMembers(group).length === 0;
}

/** The living members of a process group. */
export function groupMembers(group: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && groupOf(name) === group)
    .map(Number)
    .filter(lives);
}

function lives(pid: number): boolean {
  return processState(pid) !== undefined;
}

// Field 5 of the stat line; the name before it may hold anything.
function groupOf(pid: string): number {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return Number.NaN;
  }
}
