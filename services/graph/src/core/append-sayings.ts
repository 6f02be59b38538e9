import { environmentReady } from '@microstax/contracts/environment-ready';
import { activationRef } from '@microstax/contracts/fields';
import { jobChanged } from '@microstax/contracts/job-changed';
import type { JournalEntry } from '@microstax/model/journal';
import type { Append } from './changes.ts';
import type { ActivationDocument, ExecutionDocument } from './documents.ts';
import { say } from './outbox.ts';

/** What an append makes the graph say of itself: each job's move, and readiness. Endings are said where they are settled. */
export function appendSayings(
  entries: readonly JournalEntry[],
  activation: ActivationDocument,
  { execution, traceparent }: ExecutionDocument,
): Append[] {
  const context = { ref: activationRef(activation), execution, traceparent: activation.traceparent ?? traceparent };
  return entries.flatMap((entry) => sayingsOf(entry, context));
}

type Context = {
  readonly ref: ReturnType<typeof activationRef>;
  readonly execution: string;
  readonly traceparent: string | null;
};

function sayingsOf({ n, epoch, event }: JournalEntry, { ref, execution, traceparent }: Context): Append[] {
  const options = { inputId: `${execution}#${n}`, traceparent };
  const about = { ...ref, execution, epoch };
  switch (event.type) {
    case 'intended':
      return [say(jobChanged, { ...about, job: event.job, state: event.type, action: event.action }, options)];
    case 'done':
      return [say(jobChanged, { ...about, job: event.job, state: event.type, ...reasonOf(event) }, options)];
    case 'failed':
    case 'unknown':
      return [say(jobChanged, { ...about, job: event.job, state: event.type, reason: event.reason }, options)];
    case 'finished':
      return event.outcome === 'ready' ? [say(environmentReady, { ...about, reason: event.reason }, options)] : [];
    case 'claimed':
    case 'taken over':
    case 'bound':
    case 'lost':
      return [];
  }
}

function reasonOf({ reason }: { readonly reason?: string }): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}
