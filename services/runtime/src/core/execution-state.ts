import { evolveInventory } from '@microstax/model/inventory';
import type { ExecutionState, Inventory, JobAction, JobState, JournalEvent, Owner } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { JobKind, Plan } from '@microstax/model/plan';

/** How far one job has come. */
export type JobProgress = {
  readonly kind: JobKind;
  readonly service: string | null;
  readonly state: JobState;
  readonly action: JobAction | null;
  /** workload: the instance intended, started or kept. */
  readonly instance: string | null;
  readonly reason: string | null;
};

/** An execution as its journal tells it; nothing else is remembered. */
export type Execution = {
  readonly id: string;
  readonly generation: number;
  readonly state: ExecutionState;
  readonly owner: Owner | null;
  readonly bound: boolean;
  /** By job id. */
  readonly jobs: Readonly<Record<string, JobProgress>>;
  readonly inventory: Inventory;
};

/** Before its first event: every job waits. */
export function initialExecution(start: {
  readonly id: string;
  readonly generation: number;
  readonly plan: Plan;
  readonly inventory: Inventory;
}): Execution {
  const { id, generation, plan, inventory } = start;
  const jobs = Object.fromEntries(
    plan.jobs.map((job) => [
      job.id,
      { kind: job.kind, service: job.service ?? null, state: 'waiting', action: null, instance: null, reason: null },
    ]),
  ) satisfies Record<string, JobProgress>;
  return { id, generation, state: 'claimed', owner: null, bound: false, jobs, inventory };
}

/** Folds one event. Folding a journal from its start, or from any state on the way, gives the same state. */
export function evolve(execution: Execution, event: JournalEvent): Execution {
  return evolveAll(execution, [event]);
}

/** Folds events in their order. */
export function evolveAll(execution: Execution, events: Iterable<JournalEvent>): Execution {
  const draft: Draft = { ...execution, jobs: { ...execution.jobs } };
  for (const event of events) fold(draft, event);
  return draft;
}

/** One copy for however many events: a large plan has thousands of jobs, and each has several. */
type Draft = { -readonly [Key in keyof Execution]: Execution[Key] } & { readonly jobs: Record<string, JobProgress> };

function fold(draft: Draft, event: JournalEvent): void {
  switch (event.type) {
    case 'claimed':
    case 'taken over':
      draft.owner = event.owner;
      return;
    case 'bound':
      for (const [id, action] of Object.entries(event.actions)) change(draft, id, { action });
      draft.state = 'running';
      draft.bound = true;
      return;
    case 'intended':
      change(draft, event.job, {
        state: 'intended',
        action: event.action,
        instance: event.instance ?? null,
        reason: null,
      });
      return;
    case 'done': {
      const instance = event.result?.kind === 'instance' ? { instance: event.result.instance.id } : {};
      change(draft, event.job, { state: 'done', reason: event.reason ?? null, ...instance });
      draft.inventory = evolveInventory(draft.inventory, event);
      return;
    }
    case 'failed':
    case 'unknown':
      change(draft, event.job, { state: event.type, reason: event.reason });
      return;
    case 'lost':
      draft.inventory = evolveInventory(draft.inventory, event);
      dropInstance(draft, event.instance);
      return;
    case 'finished':
      draft.state = event.outcome === 'ready' ? 'done' : event.outcome;
  }
}

// What was started or kept and is gone has to be made again, and to be asked again whether it answers (protocol 24).
function dropInstance(draft: Draft, instance: string): void {
  const lost = Object.entries(draft.jobs).find(
    ([, { kind, state, instance: id }]) => kind === 'workload' && state === 'done' && id === instance,
  );
  if (!lost) return;
  const service = lost[1].service;
  for (const [id, progress] of Object.entries(draft.jobs)) {
    const asked =
      progress.kind === 'readiness' &&
      progress.state === 'done' &&
      (progress.service === null || progress.service === service);
    if (id === lost[0] || asked) draft.jobs[id] = { ...progress, state: 'waiting', action: 'create', instance: null };
  }
}

function change(draft: Draft, id: string, change: Partial<JobProgress>): void {
  draft.jobs[id] = { ...job(draft, id), ...change };
}

function job(execution: Execution, id: string): JobProgress {
  return must(execution.jobs[id], `the journal of ${execution.id} speaks of jobs of its plan only, not of "${id}"`);
}
