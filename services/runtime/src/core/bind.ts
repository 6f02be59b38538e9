import type { Inventory, JobAction } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';
import { surplusInstances, wantedInstances } from './instances.ts';

/** One action for each job; after this, executing has no choice left (protocol 20). */
export type Binding = {
  readonly actions: Readonly<Record<string, JobAction>>;
  /** Ids of instances that the `removals` job ends, once their replacements are routed to. */
  readonly removals: readonly string[];
};

/** Binds a plan to what is in the world. The same plan and inventory always give the same actions. */
export function bind(plan: Plan, inventory: Inventory): Binding {
  const removals = surplusInstances(plan, inventory).map((instance) => instance.id);
  const actions: Record<string, JobAction> = {};
  for (const job of plan.jobs) actions[job.id] = actionOf(job, plan, inventory, removals.length > 0);
  return { actions, removals };
}

function actionOf(job: Job, plan: Plan, inventory: Inventory, surplus: boolean): JobAction {
  switch (job.kind) {
    case 'workload':
      return workloadAction(job, plan, inventory);
    case 'readiness':
      // What is kept is asked again whether it answers, but never started.
      return plan.jobs
        .filter((other) => other.kind === 'workload' && (job.service === undefined || other.service === job.service))
        .every((other) => workloadAction(other, plan, inventory) === 'keep')
        ? 'keep'
        : 'create';
    case 'scope':
      return plan.listeners.every(({ service, port }) =>
        inventory.listeners.some((listener) => listener.service === service && listener.port === port),
      )
        ? 'keep'
        : 'create';
    case 'removals':
      // A deleted environment also gives back its table, its listeners and its data.
      return surplus || plan.wanted === 'deleted' ? 'remove' : 'keep';
    default:
      return 'create';
  }
}

function workloadAction(job: Job, plan: Plan, inventory: Inventory): JobAction {
  if (job.service === undefined) return 'keep';
  if (wantedInstances(plan, inventory).has(job.service)) return 'keep';
  return inventory.instances.some((instance) => instance.service === job.service) ? 'replace' : 'create';
}
