import { BusError, Unavailable } from '@microstax/bus/bus-error';
import { environmentKey } from '@microstax/contracts/topology';
import type { Job } from '@microstax/model/plan';
import type { EnvironmentStatus } from '@microstax/model/status';
import { awaitVerdict } from '../core/await-verdict.ts';
import type { JobContext } from './job-context.ts';
import { failed, type JobOutcome } from './job-outcome.ts';

const wakeAgainMs = 500;

/**
 * Protocol 21: reads, then watches, the provider's status until it serves or certainly will not. A provider that sleeps is
 * woken (protocol 14).
 */
export async function awaitProvider(job: Job, context: JobContext): Promise<JobOutcome> {
  const { task, world, signal } = context;
  const { provider } = job;
  if (!provider) return failed(`Cannot await a provider: job "${job.id}" names none`);
  if (signal.aborted) return { kind: 'cancelled' };
  const settled = Promise.withResolvers<JobOutcome>();
  const over = new AbortController();
  const cancel = (): void => settled.resolve({ kind: 'cancelled' });
  signal.addEventListener('abort', cancel, { once: true });
  let waking = false;
  const watch = await world.statuses.watch<EnvironmentStatus>({
    key: environmentKey(task.org, provider.env),
    onEntry: ({ value }) => {
      const verdict = awaitVerdict(provider.env, value);
      if (verdict.kind === 'ready') settled.resolve({ kind: 'done', reason: `"${provider.env}" serves` });
      if (verdict.kind === 'hopeless') settled.resolve(failed(verdict.reason));
      if (verdict.kind !== 'asleep' || waking) return;
      waking = true;
      void wakeProvider(provider.env, context, over.signal).then((outcome) => {
        waking = false;
        if (outcome) settled.resolve(outcome);
      }, settled.reject);
    },
  });
  try {
    return await settled.promise;
  } finally {
    over.abort();
    signal.removeEventListener('abort', cancel);
    await watch[Symbol.asyncDispose]();
  }
}

/** Settles once the graph has it: with nothing where it wakes, since its status tells the rest. */
async function wakeProvider(
  provider: string,
  { task, world }: JobContext,
  over: AbortSignal,
): Promise<JobOutcome | undefined> {
  while (!over.aborted) {
    try {
      const reply = await world.graph.wake(task.org, provider);
      switch (reply.kind) {
        case 'awake':
        case 'waking':
          return undefined;
        case 'failed':
          return failed(
            `provider "${provider}" sleeps and cannot be woken: ${reply.reason}; next: msx retry ${provider}`,
          );
        case 'not wanted':
          return failed(`provider "${provider}" is ${reply.wanted}; next: msx resume ${provider}`);
        case 'unknown':
          return failed(`provider "${provider}" is not known any more`);
      }
    } catch (error) {
      if (!(error instanceof Unavailable || (error instanceof BusError && error.again))) throw error;
      await world.clock.delay(wakeAgainMs, over);
    }
  }
  return undefined;
}
