import type { Inventory, JournalEvent } from '@microstax/model/journal';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';

/** An execution that this process owns: what it was given by a claim or a takeover. */
export type ExecutionTask = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly execution: string;
  readonly plan: Plan;
  readonly resolution: Resolution;
  readonly epoch: number;
  /** Length of the environment's journal. */
  readonly length: number;
  readonly inventory: Inventory;
  /** What the journal says of this execution so far; empty after a claim. */
  readonly events: readonly JournalEvent[];
};

/** Where the journal of an environment stands, as this process knows it. */
export type JournalPosition = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly execution: string;
  readonly epoch: number;
  readonly length: number;
  readonly inventory: Inventory;
};

export type ExecutionEnd =
  | { readonly kind: 'finished'; readonly outcome: 'ready' | 'failed'; readonly reason: string }
  /** Not ours any more, or the process ends: nothing more is done. */
  | { readonly kind: 'stopped'; readonly reason: string };
