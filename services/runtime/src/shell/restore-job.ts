import { readSnapshotReference } from '@microstax/model/data-step';
import type { InstanceRecord } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Job } from '@microstax/model/plan';
import { wantedInstance, workloadOf } from '../core/instances.ts';
import type { DataOutcome } from './driver/data-hands.ts';
import { findSnapshot } from './find-snapshot.ts';
import type { JobContext } from './job-context.ts';
import { failed, type JobOutcome } from './job-outcome.ts';
import { startInstance } from './workload-job.ts';

/**
 * Gives a service the data of a snapshot before anybody uses it. Doing it again gives the same, so that an unknown outcome
 * is repeated. Where its directory is exchanged its program is ended and started again, under the same name.
 */
export async function restoreJob(job: Job, context: JobContext): Promise<JobOutcome> {
  const { task, world, signal } = context;
  const { org, env, epoch } = task;
  const subject = subjectOf(job, context);
  const rules = readSnapshotReference(job.reference ?? '');
  if (world.driver.data === undefined) return failed('the driver of this runtime cannot restore data');
  if (typeof subject === 'string') return failed(subject);
  if (rules === undefined) return failed(`Cannot restore: ${JSON.stringify(job.reference)} names no snapshot`);
  const { service, spec, instance } = subject;
  const snapshot = await findSnapshot(world.graph, org, { from: rules.from, service });
  if (typeof snapshot === 'string') return failed(`Cannot restore "${service}": ${snapshot}`);
  let running: InstanceRecord = instance;
  const outcome = await world.driver.data.restore({
    scope: { org, env },
    spec,
    instance,
    snapshot,
    rules,
    signal,
    fence: () => world.driver.stamp({ org, env }, epoch),
    whileStopped: (exchange) =>
      startedAnew(instance, context, exchange, (again) => {
        running = again;
      }),
  });
  const settled = dataJobOutcome('restore', service, outcome, env);
  return settled.kind === 'done' ? { ...settled, result: { kind: 'instance', instance: running } } : settled;
}

/** The instance that a data job is about. */
export function subjectOf({ service = '' }: Job, { task: { plan }, inventory }: JobContext) {
  const workload = must(workloadOf(plan, service), `data is restored into what runs here, "${service}"`);
  const instance = wantedInstance(inventory(), workload);
  if (instance === undefined) return `Cannot reach the data of "${service}": no instance of it is known`;
  return {
    service,
    instance,
    spec: must(plan.specs[service], `the plan has the spec of what runs here, "${service}"`),
  };
}

export function dataJobOutcome(
  what: 'restore' | 'seed',
  service: string,
  outcome: DataOutcome,
  env: string,
): JobOutcome {
  switch (outcome.kind) {
    case 'done':
    case 'cancelled':
      return outcome;
    case 'refused':
      return failed(`Cannot ${what} "${service}": ${outcome.reason}`);
    case 'fenced':
      return { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
  }
}

async function startedAnew(
  instance: InstanceRecord,
  context: JobContext,
  exchange: () => Promise<void>,
  began: (again: InstanceRecord) => void,
): Promise<DataOutcome> {
  const { task, world } = context;
  const { org, env, epoch } = task;
  const scope = { org, env };
  if (!context.mayStart()) return { kind: 'cancelled' };
  if ((await world.driver.stop(scope, instance, epoch)) === 'fenced') return { kind: 'fenced' };
  if ((await world.driver.stamp(scope, epoch)) === 'fenced') return { kind: 'fenced' };
  await exchange();
  // On the ports that it had: what serves leads there, also where this execution comes to nothing.
  const again = await startedReady(instance, context, instance.ports);
  const outcome = again.kind === 'port taken' ? await startedReady(instance, context, undefined) : again;
  switch (outcome.kind) {
    case 'ready':
      began(outcome.instance);
      return { kind: 'done', reason: 'started again' };
    case 'port taken':
    case 'failed':
      return { kind: 'refused', reason: `its data is there, and ${outcome.reason}` };
    default:
      return outcome;
  }
}

type StartedReady =
  | { readonly kind: 'ready'; readonly instance: InstanceRecord }
  | { readonly kind: 'failed' | 'port taken'; readonly reason: string }
  | { readonly kind: 'fenced' | 'cancelled' };

async function startedReady(
  { id, service }: InstanceRecord,
  context: JobContext,
  ports: InstanceRecord['ports'] | undefined,
): Promise<StartedReady> {
  const { task, world, signal } = context;
  const { org, env, epoch, plan } = task;
  const scope = { org, env };
  const started = await startInstance(service, id, context, ports);
  if (started.kind !== 'running') return started;
  const { instance } = started;
  const spec = must(plan.specs[service], `the plan has the spec of what runs here, "${service}"`);
  const ready = await world.driver.ready({ scope, instance, spec, timeoutMs: world.limits.readyMs, signal });
  if (ready.kind === 'ready') return { kind: 'ready', instance };
  if (ready.kind === 'cancelled') return ready;
  if (ready.portTaken && (await world.driver.stop(scope, instance, epoch)) === 'fenced') return { kind: 'fenced' };
  return { kind: ready.portTaken ? 'port taken' : 'failed', reason: ready.reason };
}
