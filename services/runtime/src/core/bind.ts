import type { Inventory, JobAction } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';
import { isInPlaceOf, surplusInstances, wantedInstances, workloadBehind, workloadJobs } from './instances.ts';

/** One action for each job; after this, executing has no choice left (protocol 20). */
export type Binding = {
  readonly actions: Readonly<Record<string, JobAction>>;
  /** Ids of instances that the `removals` job ends, once their replacements are routed to. */
  readonly removals: readonly string[];
};

/** Binds a plan to what is in the world. The same plan and inventory always give the same actions. */
export function bind(plan: Plan, inventory: Inventory): Binding {
  const removals = surplusInstances(plan, inventory).map((instance) => instance.id);
  const workloads = workloadActions(plan, inventory);
  const actions: Record<string, JobAction> = {};
  for (const job of plan.jobs)
    actions[job.id] = actionOf(job, { plan, inventory, workloads, surplus: removals.length > 0 });
  return { actions, removals };
}

type Scene = {
  readonly plan: Plan;
  readonly inventory: Inventory;
  readonly workloads: ReadonlyMap<string, JobAction>;
  readonly surplus: boolean;
};

function actionOf(job: Job, { plan, inventory, workloads, surplus }: Scene): JobAction {
  switch (job.kind) {
    case 'workload':
      return workloads.get(job.id) ?? 'keep';
    case 'readiness': {
      // What is kept is asked again whether it answers, but never started.
      const one = workloads.get(workloadBehind(plan, job)?.id ?? '') ?? 'keep';
      const asked = job.service === undefined ? [...workloads.values()] : [one];
      return asked.every((action) => action === 'keep') ? 'keep' : 'create';
    }
    case 'scope': {
      const there = new Set(inventory.listeners.map(listenerKey));
      return plan.listeners.every((listener) => there.has(listenerKey(listener))) ? 'keep' : 'create';
    }
    case 'removals':
      // A deleted environment also gives back its table, its listeners and its data.
      return surplus || plan.wanted === 'deleted' ? 'remove' : 'keep';
    default:
      return 'create';
  }
}

function listenerKey({ service, port }: { readonly service: string; readonly port: string }): string {
  return `${service}/${port}`;
}

/** By id of the workload job. */
function workloadActions(plan: Plan, inventory: Inventory): ReadonlyMap<string, JobAction> {
  const wanted = wantedInstances(plan, inventory);
  const present = Map.groupBy(inventory.instances, ({ service }) => service);
  return new Map(
    workloadJobs(plan).map((job) => {
      if (wanted.has(job.id)) return [job.id, 'keep'];
      const isThere = present.get(job.service)?.some((instance) => isInPlaceOf(instance, job)) ?? false;
      return [job.id, isThere ? 'replace' : 'create'];
    }),
  );
}
