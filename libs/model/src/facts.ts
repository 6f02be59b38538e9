import type { AppliedData } from './data-step.ts';
import type { RuntimeFact } from './runtime-fact.ts';
import type { PortProtocol } from './service-spec.ts';

/** Integer micro-dollars for one unit during one hour. */
export type PriceTable = {
  readonly cpuCoreHourMicros: number;
  readonly memoryGiBHourMicros: number;
  readonly storageGiBHourMicros: number;
  /** Charged once an hour for each instance: scheduling, probes, log shipping. */
  readonly instanceHourMicros: number;
  /** Charged once an hour for each inherited service that a local one calls. */
  readonly bridgeHourMicros: number;
  /** Charged once an hour for each way on which an inherited caller has to be told the context. No money: a weight. */
  readonly routeHourMicros?: number;
  /** Charged once an hour for each local writer of inherited data: the risk of sharing it. No money: a weight. */
  readonly sharedWriteHourMicros?: number;
  /** Charged once for each service that starts here: the time until it is ready. No money: a weight. */
  readonly startMicros?: number;
  readonly source: string;
};

/** A neighbour under the same root, as the graph froze it for the validator (protocol 10). */
export type SiblingFact = {
  readonly env: string;
  readonly value: string;
  readonly headerName: string;
  /** Names of services that the sibling declares differently from its parent, sorted. */
  readonly changed: readonly string[];
};

/** Everything that is measured, frozen as one artifact per derivation. */
export type Facts = {
  readonly prices: PriceTable;
  /** Sorted by env; environments under the same root but this one. */
  readonly siblings: readonly SiblingFact[];
  /** Hours that a budget and a saving are stated for. */
  readonly expectedHours: number;
  /** What executes here and what it can do; absent in derivations that were made before it was asked. */
  readonly runtime?: RuntimeFact;
  /** How many other environments held something of a pool, where its capacity is stated; sorted by pool. Absent: none is. */
  readonly poolHolders?: readonly { readonly pool: string; readonly holders: number }[];
  /** Protocols over which the router tells requests apart; absent in derivations of before it knew more than http. */
  readonly routedProtocols?: readonly PortProtocol[];
  /** What was done to the data of its services and is there still; sorted by service and step, absent: nothing. */
  readonly applied?: readonly AppliedData[];
};

/** Declared defaults: on-demand list prices of large clouds, rounded, as of 2026; a table of one's own replaces them. */
export const defaultPrices: PriceTable = {
  cpuCoreHourMicros: 40_000,
  memoryGiBHourMicros: 4_500,
  storageGiBHourMicros: 140,
  instanceHourMicros: 500,
  bridgeHourMicros: 20,
  // Weights of ours: a way to route is cheaper than a bridge, and shared data is dearer than either and cheaper than the
  // smallest instance, so that two writers weigh more than a small copy of what they write to.
  routeHourMicros: 5,
  sharedWriteHourMicros: 400,
  startMicros: 200,
  source: 'defaults: rounded on-demand list prices per core-hour and GiB-hour',
};
