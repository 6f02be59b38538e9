import type { InstanceRecord } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Job } from '@microstax/model/plan';
import { type WorkloadJob, wantedInstance, workloadBehind, workloadJobs } from '../core/instances.ts';
import { retryBudget } from '../core/retry.ts';
import type { JobContext } from './job-context.ts';
import { failed, type JobOutcome } from './job-outcome.ts';
import { startInstance } from './workload-job.ts';

/**
 * Waits until every declared port of a service (or of all) accepts a connection. A program whose port somebody else took
 * between choosing and binding is started again under the same name on other ports; the result is its new record.
 */
export async function readinessJob(job: Job, context: JobContext): Promise<JobOutcome> {
  const { plan } = context.task;
  const workloads = job.service === undefined ? workloadJobs(plan) : [workloadBehind(plan, job) ?? []].flat();
  const outcomes = await Promise.all(workloads.map((workload) => becomesReady(workload, context)));
  const bad = outcomes.find(({ kind }) => kind !== 'done');
  return bad ?? (outcomes.length === 1 && outcomes[0] ? outcomes[0] : { kind: 'done', reason: 'all of them answer' });
}

async function becomesReady(workload: WorkloadJob, context: JobContext): Promise<JobOutcome> {
  const { service } = workload;
  const { task, world, inventory, signal } = context;
  const { org, env, epoch, plan } = task;
  const scope = { org, env };
  const spec = must(plan.specs[service], `the plan has the spec of what runs here, "${service}"`);
  let instance: InstanceRecord | undefined = wantedInstance(inventory(), workload);
  if (!instance) return failed(`Cannot ask "${service}" whether it answers: no instance of it is known`);
  let restarted = false;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await world.driver.ready({ scope, instance, spec, timeoutMs: world.limits.readyMs, signal });
    if (outcome.kind === 'cancelled') return outcome;
    if (outcome.kind === 'ready') {
      return restarted
        ? { kind: 'done', result: { kind: 'instance', instance }, reason: 'started again: its port had been taken' }
        : { kind: 'done', reason: 'every port accepts a connection' };
    }
    const last = attempt >= retryBudget('readiness').attemptsMax;
    if (!outcome.portTaken || last || !context.mayStart()) return failed(outcome.reason);
    if ((await world.driver.stop(scope, instance, epoch)) === 'fenced') return fencedOut(env);
    const again = await startInstance(service, instance.id, context);
    if (again.kind === 'fenced') return fencedOut(env);
    if (again.kind === 'failed') return failed(again.reason);
    instance = again.instance;
    restarted = true;
  }
}

function fencedOut(env: string): JobOutcome {
  return { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
}
