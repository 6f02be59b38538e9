import type { Composition } from '@microstax/model/composition';
import type { Digest } from '@microstax/model/digest';
import type { InstanceRecord, ListenerRecord } from '@microstax/model/journal';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { ServiceSpec } from '@microstax/model/service-spec';
import type { DataHands } from './data-hands.ts';

/** Which environment's world is meant. */
export type Scope = { readonly org: string; readonly env: string };

/** What the world says to an epoch (protocol 23): `fenced` means that a newer owner was here, and the older stops. */
export type Fence = 'passed' | 'fenced';

/** What an environment is to look like around its instances: the names that they call, and who may call whom. */
export type Arrangement = {
  readonly scope: Scope;
  readonly epoch: number;
  readonly plan: Plan;
  readonly resolution: Resolution;
  /** By service that runs here: the instance that is to answer for it. */
  readonly wanted: ReadonlyMap<string, string>;
  /** Where the router listens for this environment, once it was asked. */
  readonly listeners?: readonly ListenerRecord[];
  /** Specs of what does not run here too; only whoever needs it asks. */
  composition(): Promise<Composition>;
};

export type StartRequest = {
  readonly scope: Scope;
  /** The instance's name: the same intent always has the same. */
  readonly instance: string;
  readonly epoch: number;
  readonly spec: ServiceSpec;
  readonly runDigest: Digest;
  /** Those that it had, where it is started again: routes lead there already. */
  readonly ports?: Readonly<Record<string, number>>;
  /** This environment's listeners: what `${host.…}` and `${port.….…}` mean. */
  readonly listeners: readonly ListenerRecord[];
  /** Specs of what it may call; only whoever needs it asks. */
  composition(): Promise<Composition>;
};

export type StartOutcome =
  /** It runs: just started, or living already under this name. */
  | { readonly kind: 'running'; readonly instance: InstanceRecord; readonly already: boolean }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'failed'; readonly reason: string; readonly again: boolean };

export type ReadyRequest = {
  readonly scope: Scope;
  readonly instance: InstanceRecord;
  readonly spec: ServiceSpec;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

export type ReadyOutcome =
  | { readonly kind: 'ready' }
  | { readonly kind: 'cancelled' }
  /** `portTaken`: somebody else has its port; started again it gets another. */
  | { readonly kind: 'failed'; readonly reason: string; readonly portTaken: boolean };

/** What a driver cannot do and will not be able to by trying again, in a sentence that says what to do. */
export class DriverRefusal extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'DriverRefusal';
  }
}

/**
 * Realises jobs in one kind of world. Every effect is idempotent and compares the epoch first; nothing is retried here
 * (the executor does, and checks again each time). Rejects with `Unavailable` where its world is away or did not say
 * what became of an effect, with `DriverRefusal` where it refuses.
 *
 * Sleep is no word of the port: the plan of what sleeps has no workloads, so its instances are stopped as surplus after the
 * routes have moved, and others are started when it is woken. `stop` therefore keeps data and secrets; only `clear` takes
 * them away.
 */
export interface Driver {
  /** Absent: it can neither snapshot nor restore nor seed. */
  readonly data?: DataHands;
  /** Raises the environment's fence. After it, no effect of a lower epoch happens, whoever wakes up. */
  stamp(scope: Scope, epoch: number): Promise<Fence>;
  /** Before anything starts: makes the place where it will, and names that nobody has yet. */
  prepare(arrangement: Arrangement): Promise<Fence>;
  /** After readiness, before routes: lets names lead to what the plan wants, and takes away those that it does not. */
  rename(arrangement: Arrangement): Promise<Fence>;
  /** Makes the secrets of a spec that are not there yet; values never leave the driver but into a started program. */
  ensureSecrets(scope: Scope, spec: ServiceSpec): Promise<void>;
  /** Settles when the program runs, which is before it answers. */
  start(request: StartRequest): Promise<StartOutcome>;
  /**
   * Settles when every declared port accepts a connection and then its startup and readiness probes have passed, the
   * program ended, or the time is over.
   */
  ready(request: ReadyRequest): Promise<ReadyOutcome>;
  /** Those of these instances that do not live. */
  missing(scope: Scope, instances: readonly InstanceRecord[]): Promise<readonly InstanceRecord[]>;
  /** In words: how it ended, with its last lines. */
  lastWords(scope: Scope, instance: InstanceRecord): Promise<string>;
  /** The living instance of this name: how an unknown outcome is read back. */
  find(scope: Scope, instance: string): Promise<InstanceRecord | undefined>;
  /** Every living instance of the environment, whether a journal knows it or not. */
  list(scope: Scope): Promise<readonly InstanceRecord[]>;
  /** Asks it to end, waits, insists. Settles when nothing of it lives. */
  stop(scope: Scope, instance: InstanceRecord, epoch: number): Promise<Fence>;
  /** Takes away data and secrets of a deleted environment. */
  clear(scope: Scope, epoch: number): Promise<Fence>;
}
