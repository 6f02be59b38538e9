import { sortedBy } from '@microstax/model/compare';
import type { AppliedData, DataStepKind } from '@microstax/model/data-step';
import type { JournalEntry } from '@microstax/model/journal';
import type { Plan } from '@microstax/model/plan';

/** What a plan wanted of the data of an environment, as far as it is asked. */
export type DataPlan = Pick<Plan, 'wanted' | 'jobs'>;

/**
 * What was done to the data of an environment's services and is there still: the newest restore of each service, and the
 * newest run of each seed since then. A job's reference stands in the plan that its execution executed. Data goes with its
 * environment: after a delete nothing is applied any more. The journal is oldest first. Sorted by service and step.
 */
export function appliedData(
  journal: readonly JournalEntry[],
  planOf: (execution: string) => DataPlan | undefined,
): readonly AppliedData[] {
  const applied = new Map<string, AppliedData>();
  for (const { n, execution, event } of journal) {
    const plan = event.type === 'done' || event.type === 'finished' ? planOf(execution) : undefined;
    if (event.type === 'finished' && event.outcome === 'ready' && plan?.wanted === 'deleted') applied.clear();
    if (event.type !== 'done' || !isDataJob(event.job)) continue;
    const job = plan?.jobs.find(({ id }) => id === event.job);
    if (job?.service === undefined || job.reference === undefined) continue;
    const { service, reference } = job;
    if (job.kind === 'restore')
      for (const key of applied.keys()) if (key.startsWith(`seed:${service}/`)) applied.delete(key);
    applied.set(job.id, { service, step: job.kind as DataStepKind, reference, entry: n });
  }
  return sortedBy(applied.values(), ({ service, step, reference }) => `${service} ${step} ${reference}`);
}

/** Executions whose plans have to be known: those that touched data, or ended an environment. */
export function isDataJob(job: string): boolean {
  return job.startsWith('restore:') || job.startsWith('seed:');
}
