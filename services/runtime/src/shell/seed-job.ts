import type { Job } from '@microstax/model/plan';
import { idempotencyKey } from '../core/idempotency.ts';
import type { JobContext } from './job-context.ts';
import { failed, type JobOutcome } from './job-outcome.ts';
import { dataJobOutcome, subjectOf } from './restore-job.ts';

/** Runs a seed against a service: what its steps say they did under this job's key is not done again. */
export async function seedJob(job: Job, context: JobContext): Promise<JobOutcome> {
  const { task, world, signal } = context;
  const { org, env, epoch } = task;
  if (world.driver.data === undefined) return failed('the driver of this runtime cannot seed data');
  const subject = subjectOf(job, context);
  if (typeof subject === 'string') return failed(subject);
  const { service, spec, instance } = subject;
  const [name = '', version] = (job.reference ?? '').split('@');
  const outcome = await world.driver.data.seed({
    scope: { org, env },
    spec,
    instance,
    name,
    ...(version === undefined ? {} : { version }),
    key: idempotencyKey(task.execution, job),
    signal,
    fence: () => world.driver.stamp({ org, env }, epoch),
  });
  return dataJobOutcome('seed', service, outcome, env);
}
