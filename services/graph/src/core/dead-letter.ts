import type { Actor } from '@microstax/contracts/fields';
import type { Finding } from '@microstax/model/finding';
import { audit } from './audit.ts';
import { type Changes, noChanges, together } from './changes.ts';
import type { ActivationDocument, AnswerDocument, EnvironmentDocument, SubmissionRef } from './documents.ts';
import { answerAt, environmentAt } from './places.ts';
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
  readonly answered: AnswerDocument | null;
};

/** Protocol 5: nobody waits for ever. An activation fails, a submission is rejected, unless that has its ending already. */
export function buryDeadLetter(letter: DeadLetter, state: DeadLetterState): { readonly changes: Changes } {
  return { changes: together(endActivation(letter, state), rejectSubmission(letter, state)) };
}

function endActivation({ consumer, reason, now }: DeadLetter, { environment, activation }: DeadLetterState): Changes {
  if (environment === null || activation === null || activation.outcome !== null) return noChanges;
  const why = `a message could not be handled by "${consumer}": ${reason}; to go on: msx retry ${environment.env}`;
  const execution = environment.execution?.generation === activation.generation ? environment.execution.id : null;
  const freed = { ...withoutOpen(environment, activation.generation), updatedAt: now };
  const put = { ...environmentAt(environment.org, environment.env), body: freed };
  const settled = settle(activation, { outcome: 'failed', reason: why, execution }, { now });
  return together(settled, { puts: [put], removes: [], appends: [] });
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
    appends: [audit(org, { at: now, actor: nobody, verb: 'rejected', subject: submission.id, digest: null })],
  };
}
