import type { Actor } from '@microstax/contracts/fields';
import { durables } from '@microstax/contracts/topology';
import type { Finding } from '@microstax/model/finding';
import type { JournalEntry } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import { audit } from './audit.ts';
import { type Changes, noChanges, together } from './changes.ts';
import type {
  ActivationDocument,
  AnswerDocument,
  EnvironmentDocument,
  ExecutionDocument,
  SubmissionRef,
} from './documents.ts';
import { answerAt, environmentAt, executionAt, journalAt } from './places.ts';
import { settle, withoutOpen } from './settle.ts';

/** What a dead letter was about, as far as it can be read. */
export type DeadLetter = {
  readonly org: string;
  readonly env: string;
  readonly submission: SubmissionRef | null;
  readonly generation: number | null;
  /** Where it died and why. */
  readonly consumer: string;
  readonly reason: string;
  readonly now: number;
};

export type DeadLetterState = {
  readonly environment: EnvironmentDocument | null;
  readonly activation: ActivationDocument | null;
  readonly execution: ExecutionDocument | null;
  readonly answered: AnswerDocument | null;
};

/** Protocol 5: nobody waits for ever. An activation fails, a submission is rejected, unless that has its ending already. */
export function buryDeadLetter(letter: DeadLetter, state: DeadLetterState): { readonly changes: Changes } {
  return { changes: together(endActivation(letter, state), rejectSubmission(letter, state)) };
}

function endActivation(letter: DeadLetter, { environment, activation, execution }: DeadLetterState): Changes {
  const { consumer, now } = letter;
  if (environment === null || activation === null || activation.outcome !== null) return noChanges;
  const running = environment.execution?.open && environment.execution.generation === activation.generation;
  if (running)
    return consumer === durables.runtimeOffered.name
      ? abandon(letter, { environment, activation, execution })
      : noChanges;
  const freed = { ...withoutOpen(environment, activation.generation), updatedAt: now };
  const put = { ...environmentAt(environment.org, environment.env), body: freed };
  const settled = settle(activation, { outcome: 'failed', reason: whyOf(letter), execution: null }, { now });
  return together(settled, { puts: [put], removes: [], appends: [] });
}

/**
 * Nobody can take the execution over, so it ends: under a new epoch, which fences an owner that was only asleep. A dead
 * letter of another consumer says nothing about a running execution, which has its own ending.
 */
function abandon(
  letter: DeadLetter,
  known: { environment: EnvironmentDocument; activation: ActivationDocument; execution: ExecutionDocument | null },
): Changes {
  const { environment, activation } = known;
  const execution = must(known.execution, 'an open execution has a row');
  const { org, env } = environment;
  const { now } = letter;
  const reason = whyOf(letter);
  const epoch = environment.epoch + 1;
  const n = environment.journalLength + 1;
  const { execution: id, generation } = execution;
  const entry: JournalEntry = {
    n,
    execution: id,
    generation,
    epoch,
    at: now,
    event: { type: 'finished', outcome: 'failed', reason },
  };
  const closed: EnvironmentDocument = {
    ...withoutOpen(environment, generation),
    epoch,
    journalLength: n,
    execution: { id, generation, open: false },
    updatedAt: now,
  };
  const ended: ExecutionDocument = { ...execution, epoch, state: 'failed', finishedAt: now, reason };
  const own: Changes = {
    puts: [
      { ...journalAt(org, env, n), body: entry },
      { ...environmentAt(org, env), body: closed },
      { ...executionAt(org, env, generation), body: ended },
    ],
    removes: [],
    appends: [],
  };
  return together(own, settle(activation, { outcome: 'failed', reason, execution: id }, { now }));
}

function whyOf({ env, consumer, reason }: DeadLetter): string {
  return `a message could not be handled by "${consumer}": ${reason}; to go on: msx retry ${env}`;
}

const nobody: Actor | null = null;

function rejectSubmission(
  { org, env, submission, consumer, reason, now }: DeadLetter,
  { answered }: DeadLetterState,
): Changes {
  if (submission === null || answered !== null) return noChanges;
  const finding: Finding = {
    severity: 'error',
    code: 'dead-letter',
    subject: env,
    reason: `the message could not be handled by "${consumer}": ${reason}`,
    next: 'see: msx dlq list',
  };
  const body: AnswerDocument = {
    submission: submission.id,
    env,
    order: submission.order,
    answer: { kind: 'rejected', findings: [finding] },
    at: now,
  };
  return {
    puts: [{ ...answerAt(org, submission.id), body }],
    removes: [],
    appends: [
      audit(org, { at: now, actor: nobody, verb: 'rejected', subject: env, digest: null, submission: submission.id }),
    ],
  };
}
