import { BusError, Unavailable } from '@microstax/bus/bus-error';
import type { Job } from '@microstax/model/plan';
import { sentence } from '@microstax/service/run';
import { inSpan } from '@microstax/service/telemetry';
import { retryBudget, retryDelayMs } from '../core/retry.ts';
import { awaitProvider } from './await-provider.ts';
import { DriverRefusal } from './driver/driver.ts';
import type { JobContext } from './job-context.ts';
import { failed, type JobOutcome } from './job-outcome.ts';
import { readinessJob } from './readiness-job.ts';
import { removalsJob } from './removals-job.ts';
import { restoreJob } from './restore-job.ts';
import { routesJob } from './routes-job.ts';
import { scopeJob } from './scope-job.ts';
import { secretJob } from './secret-job.ts';
import { seedJob } from './seed-job.ts';
import { workloadJob } from './workload-job.ts';

/** Acts on one job, within its budget of attempts. Never rejects: what nobody expected is a failure with its sentence. */
export function act(job: Job, context: JobContext): Promise<JobOutcome> {
  const { world, task } = context;
  const attributes = { 'msx.job': job.id, 'msx.env': task.env, 'msx.execution': task.execution };
  return inSpan(world.tracer, `job ${job.kind}`, { attributes }, async (span) => {
    const outcome = await withinBudget(job, context);
    span.setAttribute('msx.outcome', outcome.kind);
    if ('reason' in outcome && outcome.reason !== undefined) span.setAttribute('msx.reason', outcome.reason);
    return outcome;
  });
}

async function withinBudget(job: Job, context: JobContext): Promise<JobOutcome> {
  const { world, signal } = context;
  const { attemptsMax, spanMsMax } = retryBudget(job.kind);
  const endsAtMs = world.clock.monotonicMs() + spanMsMax;
  for (let attempt = 1; ; ) {
    // Protocol 22: asked before every attempt, since each may start something.
    if (!context.mayStart()) return { kind: 'unknown', reason: 'the lease could not be renewed in time' };
    const outcome = await attemptOnce(job, context);
    if (outcome.kind === 'outage') {
      // Protocol 32: what a job needs is away, which is no failure of the job. It lasts as long as the lease does.
      await world.clock.delay(outageDelayMs, signal);
      if (signal.aborted) return { kind: 'unknown', reason: outcome.reason };
      continue;
    }
    if (outcome.kind !== 'failed' || !outcome.again || attempt >= attemptsMax) return outcome;
    await world.clock.delay(retryDelayMs(job.kind, attempt), signal);
    if (signal.aborted || world.clock.monotonicMs() >= endsAtMs) return outcome;
    attempt += 1;
  }
}

const outageDelayMs = 250;

/** The bus or the graph was away: the act may or may not have happened. */
type Outage = { readonly kind: 'outage'; readonly reason: string };

async function attemptOnce(job: Job, context: JobContext): Promise<JobOutcome | Outage> {
  try {
    return await perform(job, context);
  } catch (error) {
    // Repeating it reads it back, because every act finds what is there.
    if (error instanceof Unavailable || (error instanceof BusError && error.again))
      return { kind: 'outage', reason: sentence(error) };
    if (error instanceof DriverRefusal) return failed(error.message);
    context.world.log.error({ err: error, job: job.id, env: context.task.env }, 'a job broke');
    return failed(sentence(error));
  }
}

function perform(job: Job, context: JobContext): Promise<JobOutcome> {
  switch (job.kind) {
    case 'await':
      return awaitProvider(job, context);
    case 'scope':
      return scopeJob(context);
    case 'secret':
      return secretJob(job, context);
    case 'workload':
      return workloadJob(job, context);
    case 'readiness':
      return readinessJob(job, context);
    case 'restore':
      return restoreJob(job, context);
    case 'seed':
      return seedJob(job, context);
    case 'routes':
      return routesJob(context);
    case 'removals':
      return removalsJob(context);
  }
}
