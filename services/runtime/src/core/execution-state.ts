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
  const { inventory } = execution;
  switch (event.type) {
    case 'claimed':
    case 'taken over':
      return { ...execution, owner: event.owner };
    case 'bound': {
      const jobs = { ...execution.jobs };
      for (const [id, action] of Object.entries(event.actions)) jobs[id] = { ...job(execution, id), action };
      return { ...execution, state: 'running', bound: true, jobs };
    }
    case 'intended':
      return withJob(execution, event.job, {
        state: 'intended',
        action: event.action,
        instance: event.instance ?? null,
        reason: null,
      });
    case 'done': {
      const instance = event.result?.kind === 'instance' ? { instance: event.result.instance.id } : {};
      const next = withJob(execution, event.job, { state: 'done', reason: event.reason ?? null, ...instance });
      return { ...next, inventory: evolveInventory(inventory, event) };
    }
    case 'failed':
      return withJob(execution, event.job, { state: 'failed', reason: event.reason });
    case 'unknown':
      return withJob(execution, event.job, { state: 'unknown', reason: event.reason });
    case 'lost':
      return withoutInstance({ ...execution, inventory: evolveInventory(inventory, event) }, event.instance);
    case 'finished':
      return { ...execution, state: event.outcome === 'ready' ? 'done' : event.outcome };
  }
}

/** Folds events in their order. */
export function evolveAll(execution: Execution, events: Iterable<JournalEvent>): Execution {
  let next = execution;
  for (const event of events) next = evolve(next, event);
  return next;
}

// What was started or kept and is gone has to be made again, and to be asked again whether it answers (protocol 24).
function withoutInstance(execution: Execution, instance: string): Execution {
  const lost = Object.entries(execution.jobs).find(
    ([, { kind, state, instance: id }]) => kind === 'workload' && state === 'done' && id === instance,
  );
  if (!lost) return execution;
  const service = lost[1].service;
  const jobs = { ...execution.jobs };
  for (const [id, progress] of Object.entries(jobs)) {
    const asked =
      progress.kind === 'readiness' &&
      progress.state === 'done' &&
      (progress.service === null || progress.service === service);
    if (id === lost[0] || asked) jobs[id] = { ...progress, state: 'waiting', action: 'create', instance: null };
  }
  return { ...execution, jobs };
}

function withJob(execution: Execution, id: string, change: Partial<JobProgress>): Execution {
  return { ...execution, jobs: { ...execution.jobs, [id]: { ...job(execution, id), ...change } } };
}

function job(execution: Execution, id: string): JobProgress {
  return must(execution.jobs[id], `the journal of ${execution.id} speaks of jobs of its plan only, not of "${id}"`);
}
