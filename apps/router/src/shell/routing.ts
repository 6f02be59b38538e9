import { Agent } from 'node:http';
import type { Log } from '@microstax/service/log';
import { defaultLimits, type RouterLimits } from '../core/limits.ts';
import { InFlight } from './in-flight.ts';
import { Passages } from './passages.ts';
import { Probes } from './probes.ts';
import { Refusals } from './refusals.ts';
import { Sessions } from './sessions.ts';
import { TableStore } from './table-store.ts';

/** What all listeners share. */
export type Routing = Disposable & {
  /** Ends the waits for confirmation and idleness. */
  stopWaiting(): void;
  readonly tables: TableStore;
  readonly inFlight: InFlight;
  readonly refusals: Refusals;
  readonly probes: Probes;
  readonly passages: Passages;
  readonly log: Log;
  /** Whether a line is written for each request, which costs as much as routing it. */
  readonly logsRequests: boolean;
  readonly limits: RouterLimits;
  /** For requests that may be sent twice: sockets are kept and used again. */
  readonly keptSockets: Agent;
  /** For all others: a kept socket may be closing just now, and nobody could tell whether the target had read them. */
  readonly newSockets: Agent;
  /** HTTP/2 to targets. */
  readonly sessions: Sessions;
};

export type RoutingOptions = {
  readonly log: Log;
  readonly logsRequests?: boolean;
  readonly limits?: Partial<RouterLimits>;
};

const keptSocketMs = 1_000; // servers keep theirs for 2 s and more

export function createRouting(options: RoutingOptions): Routing {
  const { log, logsRequests = false } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const tables = new TableStore();
  const inFlight = new InFlight();
  const keptSockets = new Agent({ keepAlive: true, timeout: keptSocketMs });
  const newSockets = new Agent({ keepAlive: false });
  const sessions = new Sessions(limits);
  const stopWaiting = (): void => {
    tables.changes.close();
    inFlight.changes.close();
  };
  const dispose = (): void => {
    stopWaiting();
    keptSockets.destroy();
    newSockets.destroy();
    sessions[Symbol.dispose]();
    passages[Symbol.dispose]();
  };
  const refusals = new Refusals(log);
  const probes = new Probes(tables);
  const passages = new Passages(tables, limits);
  const sockets = { keptSockets, newSockets, sessions };
  const own = { tables, inFlight, refusals, probes, passages, log, logsRequests, limits };
  return { ...own, ...sockets, stopWaiting, [Symbol.dispose]: dispose };
}
