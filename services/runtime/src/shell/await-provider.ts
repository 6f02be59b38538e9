import { environmentKey } from '@microstax/contracts/topology';
import type { Job } from '@microstax/model/plan';
import type { EnvironmentStatus } from '@microstax/model/status';
import { awaitVerdict } from '../core/await-verdict.ts';
import type { JobContext } from './job-context.ts';
import { failed, type JobOutcome } from './job-outcome.ts';

/** Protocol 21: reads, then watches, the provider's status until it serves or certainly will not. */
export async function awaitProvider(job: Job, { task, world, signal }: JobContext): Promise<JobOutcome> {
  const { provider } = job;
  if (!provider) return failed(`Cannot await a provider: job "${job.id}" names none`);
  if (signal.aborted) return { kind: 'cancelled' };
  const settled = Promise.withResolvers<JobOutcome>();
  const cancel = (): void => settled.resolve({ kind: 'cancelled' });
  signal.addEventListener('abort', cancel, { once: true });
  const watch = await world.statuses.watch<EnvironmentStatus>({
    key: environmentKey(task.org, provider.env),
    onEntry: ({ value }) => {
      const verdict = awaitVerdict(provider.env, value);
      if (verdict.kind === 'ready') settled.resolve({ kind: 'done', reason: `"${provider.env}" serves` });
      if (verdict.kind === 'hopeless') settled.resolve(failed(verdict.reason));
    },
  });
  try {
    return await settled.promise;
  } finally {
    signal.removeEventListener('abort', cancel);
    await watch[Symbol.asyncDispose]();
  }
}
