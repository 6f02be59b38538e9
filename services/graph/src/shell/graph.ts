import type { Bus } from '@microstax/bus/bus';
import type { Clock } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';
import type { Installation } from '../core/derive-state.ts';
import type { BusMemory } from './bus-memory.ts';
import type { ClaimDesk } from './claim-desk.ts';
import type { CommitBell } from './commit-bell.ts';
import type { KeyedTurns } from './keyed-turns.ts';
import type { LeaseBook } from './lease-book.ts';
import type { GraphStore } from './store/graph-store.ts';
import type { Transact } from './transact.ts';

/** What every handler of the graph works with. */
export type Graph = {
  readonly store: GraphStore;
  readonly transact: Transact;
  readonly bus: Bus;
  readonly log: Log;
  readonly clock: Clock;
  readonly leases: LeaseBook;
  readonly memory: BusMemory;
  readonly bell: CommitBell;
  readonly desk: ClaimDesk;
  /** Records of one environment, which arrive on three durables and change one row. */
  readonly turns: KeyedTurns;
  /** What derivations freeze of where they are made. */
  readonly installation?: Installation;
};
