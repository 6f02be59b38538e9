import type { Job } from '@microstax/model/plan';
import type { JobContext } from './job-context.ts';
import type { JobOutcome } from './job-outcome.ts';

/** Generates the secrets of a service, or of every local one, that are not there yet. */
export async function secretJob(job: Job, { task, world }: JobContext): Promise<JobOutcome> {
  const { plan, org, env } = task;
  for (const spec of Object.values(plan.specs)) {
    if (job.service === undefined || job.service === spec.name) await world.driver.ensureSecrets({ org, env }, spec);
  }
  return { kind: 'done' };
}
