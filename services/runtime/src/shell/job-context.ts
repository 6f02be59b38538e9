import type { Inventory } from '@microstax/model/journal';
import type { RouteEntry } from './route-key.ts';
import type { ExecutionTask } from './task.ts';
import type { World } from './world.ts';

/** What the act of a job may know. */
export type JobContext = {
  readonly task: ExecutionTask;
  readonly world: World;
  /** What is in the world at this moment, as the journal has it. */
  inventory(): Inventory;
  /** The route table that this owner stamped before its first job. */
  readonly stamped: RouteEntry | undefined;
  /** Aborted when waiting has become pointless: another job failed, a newer generation came, the process ends. */
  readonly signal: AbortSignal;
  /** Whether something may still be started (protocol 22). */
  mayStart(): boolean;
};
