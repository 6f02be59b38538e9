import type { InstanceRecord } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Job } from '@microstax/model/plan';
import { instanceId, workloadBehind, workloadOf } from '../core/instances.ts';
import { compositionOf } from './arrangement.ts';
import type { StartOutcome } from './driver/driver.ts';
import type { JobContext } from './job-context.ts';
import type { JobOutcome } from './job-outcome.ts';

/**
 * Starts an instance. Repeating it after an unknown outcome is reading back: the instance's name is the intent's, and one
 * that lives already is found, not started (protocol 23).
 */
export async function workloadJob(job: Job, context: JobContext): Promise<JobOutcome> {
  const { task } = context;
  const workload = must(workloadBehind(task.plan, job), `workload job "${job.id}" names a service and what it runs`);
  const id = instanceId(workload, task.generation);
  return outcomeOf(await startInstance(workload.service, id, context), task.env);
}

/** Starts one instance of a service of the plan; also what readiness does where a port was taken. `ports`: as it had them. */
export function startInstance(
  service: string,
  instance: string,
  context: JobContext,
  ports?: InstanceRecord['ports'],
): Promise<StartOutcome> {
  const { task, world, inventory } = context;
  const { org, env, epoch, plan } = task;
  const spec = must(plan.specs[service], `the plan has the spec of what runs here, "${service}"`);
  const { runDigest } = must(workloadOf(plan, service), `"${service}" has a workload job`);
  const { listeners } = inventory();
  const composition = () => compositionOf(world.graph, plan);
  const had = ports === undefined ? {} : { ports };
  return world.driver.start({ scope: { org, env }, instance, epoch, spec, runDigest, listeners, composition, ...had });
}

function outcomeOf(outcome: StartOutcome, env: string): JobOutcome {
  switch (outcome.kind) {
    case 'running':
      return {
        kind: 'done',
        result: { kind: 'instance', instance: outcome.instance },
        ...(outcome.already ? { reason: 'it had been started already' } : {}),
      };
    case 'fenced':
      return { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
    case 'failed':
      return outcome;
  }
}
