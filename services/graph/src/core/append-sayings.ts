import { environmentReady } from '@microstax/contracts/environment-ready';
import { activationRef } from '@microstax/contracts/fields';
import { type JobChanged, jobChanged } from '@microstax/contracts/job-changed';
import type { JournalEntry, JournalEvent } from '@microstax/model/journal';
import type { Append } from './changes.ts';
import type { ActivationDocument, ExecutionDocument } from './documents.ts';
import { say } from './outbox.ts';

/** What an append makes the graph say of itself: the moves of its jobs, and readiness. Endings are said where they are settled. */
export function appendSayings(
  entries: readonly JournalEntry[],
  activation: ActivationDocument,
  { execution, traceparent }: ExecutionDocument,
): Append[] {
  const about = { ...activationRef(activation), execution };
  const trace = { traceparent: activation.traceparent ?? traceparent };
  const moved = entries.flatMap((entry) => {
    const move = moveOf(entry.event);
    return move === null ? [] : [{ entry, move }];
  });
  const last = moved.at(-1)?.entry;
  const changed = { ...about, epoch: last?.epoch ?? 0, moves: moved.map(({ move }) => move) };
  const ready = entries.find(({ event }) => event.type === 'finished' && event.outcome === 'ready');
  return [
    ...(last === undefined ? [] : [say(jobChanged, changed, { inputId: `${execution}#${last.n}`, ...trace })]),
    ...(ready === undefined ? [] : [sayReady(ready, about, trace)]),
  ];
}

type About = ReturnType<typeof activationRef> & { readonly execution: string };

function sayReady({ n, epoch, event }: JournalEntry, about: About, trace: { readonly traceparent: string | null }) {
  const reason = event.type === 'finished' ? event.reason : '';
  return say(environmentReady, { ...about, epoch, reason }, { inputId: `${about.execution}#${n}`, ...trace });
}

function moveOf(event: JournalEvent): JobChanged['moves'][number] | null {
  switch (event.type) {
    case 'intended':
      return { job: event.job, state: event.type, action: event.action };
    case 'done':
      return { job: event.job, state: event.type, ...reasonOf(event) };
    case 'failed':
    case 'unknown':
      return { job: event.job, state: event.type, reason: event.reason };
    case 'finished':
    case 'claimed':
    case 'taken over':
    case 'bound':
    case 'lost':
      return null;
  }
}

function reasonOf({ reason }: { readonly reason?: string }): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}
