import { compareText } from '@microstax/model/compare';
import { type Digest, shortDigest } from '@microstax/model/digest';
import type { InstanceRecord, Inventory } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';

/** A workload job with the two words that every workload has. */
export type WorkloadJob = Job & { readonly service: string; readonly runDigest: Digest };

/** The workloads of a plan: what shall run here. A sleeping or stopped environment has none. */
export function workloadJobs(plan: Plan): readonly WorkloadJob[] {
  return [...workloadsOf(plan).values()];
}

/** The workload of one service, where it shall run here. */
export function workloadOf(plan: Plan, service: string): WorkloadJob | undefined {
  return workloadsOf(plan).get(service);
}

// Every job of an execution asks, and a plan never changes.
const known = new WeakMap<Plan, ReadonlyMap<string, WorkloadJob>>();

function workloadsOf(plan: Plan): ReadonlyMap<string, WorkloadJob> {
  const before = known.get(plan);
  if (before) return before;
  const workloads = new Map(plan.jobs.filter(isWorkload).map((job) => [job.service, job]));
  known.set(plan, workloads);
  return workloads;
}

function isWorkload(job: Job): job is WorkloadJob {
  return job.kind === 'workload' && job.service !== undefined && job.runDigest !== undefined;
}

/** `<service>-<12 digits of the run digest>-<generation>`: one name for one intent, whoever repeats it. */
export function instanceId(job: WorkloadJob, generation: number): string {
  return `${job.service}-${shortDigest(job.runDigest)}-${generation}`;
}

/** For every service that shall run: the newest instance that is what the plan wants, if there is one. */
export function wantedInstances(plan: Plan, inventory: Inventory): ReadonlyMap<string, InstanceRecord> {
  const candidates = Map.groupBy(inventory.instances, ({ service }) => service);
  return new Map(
    workloadJobs(plan).flatMap((job) => {
      const newest = newestOf(job, candidates.get(job.service) ?? []);
      return newest ? [[job.service, newest] as const] : [];
    }),
  );
}

/** The same of one service. */
export function wantedInstance(plan: Plan, inventory: Inventory, service: string): InstanceRecord | undefined {
  const job = workloadOf(plan, service);
  return job && newestOf(job, inventory.instances);
}

function newestOf({ service, runDigest }: WorkloadJob, among: readonly InstanceRecord[]): InstanceRecord | undefined {
  return among
    .filter((instance) => instance.service === service && instance.runDigest === runDigest)
    .toSorted((a, b) => b.epoch - a.epoch || compareText(b.id, a.id))[0];
}

/** Everything in the inventory that the plan does not want (any more). */
export function surplusInstances(plan: Plan, inventory: Inventory): readonly InstanceRecord[] {
  const wanted = new Set([...wantedInstances(plan, inventory).values()].map((instance) => instance.id));
  return inventory.instances.filter((instance) => !wanted.has(instance.id));
}
