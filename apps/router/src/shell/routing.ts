import { Agent } from 'node:http';
import type { ActivityClocks } from '@microstax/service/activity-clocks';
import type { Log } from '@microstax/service/log';
import { defaultLimits, type RouterLimits } from '../core/limits.ts';
import { Activity } from './activity.ts';
import { InFlight } from './in-flight.ts';
import { Passages } from './passages.ts';
import { Probes } from './probes.ts';
import { Refusals } from './refusals.ts';
import { RouteBook } from './route-book.ts';
import { Sessions } from './sessions.ts';
import { Sleepers } from './sleepers.ts';
import { TableStore } from './table-store.ts';

/** What all listeners share. */
export type Routing = Disposable & {
  /** Ends the waits for confirmation and idleness. */
  stopWaiting(): void;
  readonly tables: TableStore;
  readonly book: RouteBook;
  /** The address that all of them listen at. */
  readonly host: string;
  readonly inFlight: InFlight;
  readonly activity: Activity;
  /** Requests that wait while their environment is woken. */
  readonly sleepers: Sleepers;
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
  readonly host?: string;
  /** Shared with other routers; absent: each knows what it saw itself. */
  readonly clocks?: ActivityClocks;
};

const keptSocketMs = 1_000; // servers keep theirs for 2 s and more

export function createRouting(options: RoutingOptions): Routing {
  const { log, logsRequests = false } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const tables = new TableStore();
  const book = new RouteBook(tables);
  const activity = new Activity(options.clocks);
  const inFlight = new InFlight(activity);
  const sleepers = new Sleepers(tables, log, limits);
  const keptSockets = new Agent({ keepAlive: true, timeout: keptSocketMs });
  const newSockets = new Agent({ keepAlive: false });
  const sessions = new Sessions(limits);
  const stopWaiting = (): void => {
    sleepers.close();
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
  const { host = '127.0.0.1' } = options;
  const own = {
    tables,
    book,
    host,
    inFlight,
    activity,
    sleepers,
    refusals,
    probes,
    passages,
    log,
    logsRequests,
    limits,
  };
  return { ...own, ...sockets, stopWaiting, [Symbol.dispose]: dispose };
}
