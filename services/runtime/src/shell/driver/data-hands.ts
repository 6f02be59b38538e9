import type { SeedsReply, SnapshotItem } from '@microstax/contracts/data-requests';
import type { Digest } from '@microstax/model/digest';
import type { InstanceRecord } from '@microstax/model/journal';
import type { ServiceSpec } from '@microstax/model/service-spec';
import type { Snapshot } from '@microstax/model/snapshot';
import type { Rules } from '../../core/data/classify-columns.ts';
import type { Fence, Scope } from './driver.ts';

/** A stateful service whose data is meant, and its process where one runs. */
export type Keeper = {
  readonly spec: ServiceSpec;
  readonly instance: InstanceRecord | undefined;
};

export type TakeRequest = {
  readonly scope: Scope;
  readonly name: string;
  readonly keepers: readonly Keeper[];
  /** Everything that runs in the environment. */
  readonly running: readonly Keeper[];
  readonly strangers: readonly string[];
  readonly about: Pick<Snapshot, 'generation' | 'plan' | 'revision' | 'takenAt'>;
};
export type TakeOutcome =
  /** `discard` takes it away again, where it could not be recorded. */
  | { readonly kind: 'taken'; readonly snapshot: SnapshotItem; discard(): Promise<void> }
  | { readonly kind: 'refused'; readonly reason: string; readonly next?: string };

export type DataOutcome =
  | { readonly kind: 'done'; readonly reason: string }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'cancelled' };

type Act = {
  readonly scope: Scope;
  readonly spec: ServiceSpec;
  readonly instance: InstanceRecord;
  readonly signal: AbortSignal;
  /** Asked right before what is done becomes true. */
  fence(): Promise<Fence>;
};

export type RestoreRequest = Act & {
  /** As the graph has recorded it: what is stored has to be that, or nothing is touched. */
  readonly snapshot: SnapshotItem;
  readonly rules: Rules;
  /** Ends the instance, lets its data be exchanged, starts it again and waits for it. Says how that ended. */
  whileStopped(exchange: () => Promise<void>): Promise<DataOutcome>;
};

export type SeedRequest = Act & {
  readonly name: string;
  /** Absent: the newest there is. */
  readonly version?: string;
  /** The job's idempotency key: a step that says it was done under it is not done again. */
  readonly key: Digest;
};

/** What a driver can do with the data of stateful services. Rejects on a defect or an outage only. */
export interface DataHands {
  take(request: TakeRequest): Promise<TakeOutcome>;
  /** Why a stored snapshot is not what was recorded; undefined where it is. */
  check(scope: Scope, snapshot: SnapshotItem): Promise<string | undefined>;
  /** Repeating it gives the same data. */
  restore(request: RestoreRequest): Promise<DataOutcome>;
  /** Each step of SQL happens once under one key; a program is told the key and may be run again after a crash. */
  seed(request: SeedRequest): Promise<DataOutcome>;
  seeds(): Promise<SeedsReply>;
}
