import { readFileSync } from 'node:fs';
import { processState } from '@microstax/service/process-identity';
import { processesWith } from '@microstax/testkit/processes';

export type FoundBus = { readonly pid: number; isHalted(): boolean };

/** The nats-server that keeps its streams below this folder. Throws where there is none or more than one. */
export function busOf(dataDir: string): FoundBus {
  const found = processesWith(dataDir).filter(isNatsServer);
  const [pid] = found;
  if (pid === undefined || found.length > 1)
    throw new Error(`Cannot find the nats-server of ${dataDir}: ${found.length} found`);
  return { pid, isHalted: () => processState(pid) === 'T' };
}

function isNatsServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'nats-server';
  } catch {
    return false; // it has ended meanwhile
  }
}
