import { Agent } from 'node:http';
import type { Log } from '@microstax/service/log';
import { InFlight } from './in-flight.ts';
import { Refusals } from './refusals.ts';
import { TableStore } from './table-store.ts';

/** What all listeners share. */
export type Routing = Disposable & {
  /** Ends the waits for confirmation and idleness. */
  stopWaiting(): void;
  readonly tables: TableStore;
  readonly inFlight: InFlight;
  readonly refusals: Refusals;
  readonly log: Log;
  /** For requests that may be sent twice: sockets are kept and used again. */
  readonly keptSockets: Agent;
  /** For all others: a kept socket may be closing just now, and nobody could tell whether the target had read them. */
  readonly newSockets: Agent;
};

const keptSocketMs = 1_000; // servers keep theirs for 2 s and more

export function createRouting(log: Log): Routing {
  const tables = new TableStore();
  const inFlight = new InFlight();
  const keptSockets = new Agent({ keepAlive: true, timeout: keptSocketMs });
  const newSockets = new Agent({ keepAlive: false });
  const stopWaiting = (): void => {
    tables.changes.close();
    inFlight.changes.close();
  };
  const dispose = (): void => {
    stopWaiting();
    keptSockets.destroy();
    newSockets.destroy();
  };
  const refusals = new Refusals(log);
  return { tables, inFlight, refusals, log, keptSockets, newSockets, stopWaiting, [Symbol.dispose]: dispose };
}
