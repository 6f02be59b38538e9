import { compareText } from '@microstax/model/compare';
import { type Digest, shortDigest } from '@microstax/model/digest';
import type { InstanceRecord, Inventory } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';

/** A workload job with the two words that every workload has. */
export type WorkloadJob = Job & { readonly service: string; readonly runDigest: Digest };

/** The workloads of a plan: what shall run here, one job an instance. A sleeping or stopped environment has none. */
export function workloadJobs(plan: Plan): readonly WorkloadJob[] {
  return workloadsOf(plan).all;
}

/** The workload of one service, of its first instance where there are several. */
export function workloadOf(plan: Plan, service: string): WorkloadJob | undefined {
  return workloadsOf(plan).byPlace.get(placeOf({ service }));
}

/** The workload of the instance that a readiness job asks, and of a workload job itself. */
export function workloadBehind(plan: Plan, job: Job): WorkloadJob | undefined {
  return workloadsOf(plan).byPlace.get(placeOf(job));
}

type Workloads = { readonly all: readonly WorkloadJob[]; readonly byPlace: ReadonlyMap<string, WorkloadJob> };

// Every job of an execution asks, and a plan never changes.
const known = new WeakMap<Plan, Workloads>();

function workloadsOf(plan: Plan): Workloads {
  const before = known.get(plan);
  if (before) return before;
  const all = plan.jobs.filter(isWorkload);
  const workloads = { all, byPlace: new Map(all.map((job) => [placeOf(job), job])) };
  known.set(plan, workloads);
  return workloads;
}

function isWorkload(job: Job): job is WorkloadJob {
  return job.kind === 'workload' && job.service !== undefined && job.runDigest !== undefined;
}

function placeOf({ service = '', replica }: Pick<Job, 'service' | 'replica'>): string {
  return replica === undefined ? service : `${service}#${replica}`;
}

/**
 * `<service>-<12 digits of the run digest>-<generation>`, and `-r<n>` where it is not the first of its service: one name for
 * one intent, whoever repeats it.
 */
export function instanceId({ service, runDigest, replica }: WorkloadJob, generation: number): string {
  return `${service}-${shortDigest(runDigest)}-${generation}${replica === undefined ? '' : `-r${replica}`}`;
}

/** Which of the instances of its service one is, by its name; undefined for the first. */
function replicaOf({ id }: InstanceRecord): number | undefined {
  const found = /-r(\d+)$/.exec(id)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** For every workload job, by its id: the newest instance that is what it wants, if there is one. */
export function wantedInstances(plan: Plan, inventory: Inventory): ReadonlyMap<string, InstanceRecord> {
  const candidates = Map.groupBy(inventory.instances, ({ service }) => service);
  return new Map(
    workloadJobs(plan).flatMap((job) => {
      const newest = newestOf(job, candidates.get(job.service) ?? []);
      return newest ? [[job.id, newest] as const] : [];
    }),
  );
}

/** The same of one workload. */
export function wantedInstance(inventory: Inventory, job: WorkloadJob): InstanceRecord | undefined {
  return newestOf(job, inventory.instances);
}

function newestOf(job: WorkloadJob, among: readonly InstanceRecord[]): InstanceRecord | undefined {
  return among
    .filter((instance) => isInPlaceOf(instance, job) && instance.runDigest === job.runDigest)
    .toSorted((a, b) => b.epoch - a.epoch || compareText(b.id, a.id))[0];
}

/** Whether an instance stands where the workload's is to stand, of whatever digest. */
export function isInPlaceOf(instance: InstanceRecord, { service, replica }: WorkloadJob): boolean {
  return instance.service === service && replicaOf(instance) === replica;
}

/** Everything in the inventory that the plan does not want (any more). */
export function surplusInstances(plan: Plan, inventory: Inventory): readonly InstanceRecord[] {
  const wanted = new Set([...wantedInstances(plan, inventory).values()].map((instance) => instance.id));
  return inventory.instances.filter((instance) => !wanted.has(instance.id));
}
