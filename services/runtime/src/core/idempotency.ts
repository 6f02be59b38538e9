import { type Digest, digestOf } from '@microstax/model/digest';
import type { Job } from '@microstax/model/plan';

/**
 * Protocol 20: what one intent is known by, in every attempt and under every epoch. A retry inside one execution repeats
 * it, a second execution of the same plan does not.
 */
export function idempotencyKey(execution: string, job: Job): Digest {
  return digestOf('idempotency-key', { execution, job: job.id, input: jobInput(job) });
}

/** What a job is about, without how it got its turn. */
function jobInput(job: Job): object {
  const { kind, service, provider, runDigest } = job;
  return { kind, service, provider, runDigest };
}
