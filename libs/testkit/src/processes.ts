import { readdirSync, readFileSync } from 'node:fs';
import { processState } from '@microstax/service/process-identity';

/**
 * The ids of living processes, zombies and this one left out, whose command line or first environment holds the
 * marker. It counts what a test left behind; a marker is therefore a text of that test alone, such as its folder.
 */
export function processesWith(marker: string): number[] {
  if (marker.length < 8)
    throw new Error(`Cannot look for ${JSON.stringify(marker)}: so short a marker finds strangers`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && holds(pid, marker) && processState(pid) !== undefined);
}

function holds(pid: number, marker: string): boolean {
  return ['cmdline', 'environ'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(marker);
    } catch {
      return false; // it has ended meanwhile, or belongs to somebody else
    }
  });
}
