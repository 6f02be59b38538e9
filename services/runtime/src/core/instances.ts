import { compareText } from '@microstax/model/compare';
import { type Digest, shortDigest } from '@microstax/model/digest';
import type { InstanceRecord, Inventory } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';

/** A workload job with the two words that every workload has. */
export type WorkloadJob = Job & { readonly service: string; readonly runDigest: Digest };

/** The workloads of a plan: what shall run here. A sleeping or stopped environment has none. */
export function workloadJobs(plan: Plan): readonly WorkloadJob[] {
  return plan.jobs.filter(
    (job): job is WorkloadJob => job.kind === 'workload' && job.service !== undefined && job.runDigest !== undefined,
  );
}

/** `<service>-<12 digits of the run digest>-<generation>`: one name for one intent, whoever repeats it. */
export function instanceId(job: WorkloadJob, generation: number): string {
  return `${job.service}-${shortDigest(job.runDigest)}-${generation}`;
}

/** For every service that shall run: the newest instance that is what the plan wants, if there is one. */
export function wantedInstances(plan: Plan, inventory: Inventory): ReadonlyMap<string, InstanceRecord> {
  const wanted = new Map<string, InstanceRecord>();
  for (const job of workloadJobs(plan)) {
    const newest = inventory.instances
      .filter((instance) => instance.service === job.service && instance.runDigest === job.runDigest)
      .toSorted((a, b) => b.epoch - a.epoch || compareText(b.id, a.id))[0];
    if (newest) wanted.set(job.service, newest);
  }
  return wanted;
}

/** Everything in the inventory that the plan does not want (any more). */
export function surplusInstances(plan: Plan, inventory: Inventory): readonly InstanceRecord[] {
  const wanted = new Set([...wantedInstances(plan, inventory).values()].map((instance) => instance.id));
  return inventory.instances.filter((instance) => !wanted.has(instance.id));
}
