import type { Digest } from './digest.ts';

export type JobState = 'waiting' | 'intended' | 'unknown' | 'done' | 'failed' | 'undone';
export type JobAction = 'create' | 'keep' | 'replace' | 'remove';
export type ExecutionState = 'claimed' | 'running' | 'done' | 'failed' | 'undoing' | 'undone' | 'stuck' | 'superseded';

/** Protocol 22: an owner is (host, pid, start time, boot id). */
export type Owner = {
  readonly host: string;
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
};

/** What an execution left in the world: a process, or a workload of a cluster. */
export type InstanceRecord = {
  /** `<service>-<12 digits of the run digest>-<generation>`: unique in its environment. */
  readonly id: string;
  readonly service: string;
  readonly runDigest: Digest;
  /** Together they tell it from any other. Of a workload: 0, its uid, its namespace's uid. */
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
  /** Port name to the port at `host` that requests are sent to. */
  readonly ports: Readonly<Record<string, number>>;
  /** Absent: 127.0.0.1. */
  readonly host?: string;
  /** Where a person finds it, where it is no process: `Deployment shop/web-0123456789ab-1`. */
  readonly object?: string;
  readonly epoch: number;
};

/** Where the router listens for this environment's service port. */
export type ListenerRecord = {
  readonly service: string;
  readonly port: string;
  readonly host: string;
  readonly listenPort: number;
};

/** What an entry says happened. One append may hold several entries. */
export type JournalEvent =
  | { readonly type: 'claimed'; readonly owner: Owner; readonly plan: Digest }
  | { readonly type: 'taken over'; readonly owner: Owner; readonly reason: string }
  | { readonly type: 'bound'; readonly actions: Readonly<Record<string, JobAction>> }
  | {
      readonly type: 'intended';
      readonly job: string;
      readonly action: JobAction;
      readonly idempotencyKey: Digest;
      readonly instance?: string;
    }
  | {
      readonly type: 'done';
      readonly job: string;
      readonly result?: JobResult;
      readonly reason?: string;
      /** How long its act took: intents are written ahead of their acts, and outcomes together. */
      readonly tookMs?: number;
    }
  | { readonly type: 'failed'; readonly job: string; readonly reason: string }
  | { readonly type: 'unknown'; readonly job: string; readonly reason: string }
  /** What was observed missing (protocol 24); `orderly` after an orderly end, which is no drift. */
  | {
      readonly type: 'lost';
      readonly instance: string;
      readonly service: string;
      readonly orderly: boolean;
      readonly reason: string;
    }
  | { readonly type: 'finished'; readonly outcome: 'ready' | 'failed' | 'superseded'; readonly reason: string };

export type JobResult =
  | { readonly kind: 'instance'; readonly instance: InstanceRecord }
  | { readonly kind: 'listeners'; readonly listeners: readonly ListenerRecord[] }
  | { readonly kind: 'routes'; readonly revision: number }
  | { readonly kind: 'removed'; readonly instances: readonly string[] };

/** One line of an environment's journal; `n` counts from 1 without gaps over all of its executions. */
export type JournalEntry = {
  readonly n: number;
  readonly execution: string;
  readonly generation: number;
  readonly epoch: number;
  /** Milliseconds since 1970, from the graph. */
  readonly at: number;
  readonly event: JournalEvent;
};

/** What executions have left in the world, folded from the journal; sorted. */
export type Inventory = {
  readonly instances: readonly InstanceRecord[];
  readonly listeners: readonly ListenerRecord[];
};

export const emptyInventory: Inventory = { instances: [], listeners: [] };
