import type { Actor } from '@microstax/contracts/fields';
import type { Finding } from '@microstax/model/finding';
import { audit } from './audit.ts';
import { type Changes, noChanges } from './changes.ts';
import type { AnswerDocument, SubmissionRef } from './documents.ts';
import { answerAt } from './places.ts';

export type Rejection = {
  readonly org: string;
  readonly env: string;
  readonly submission: SubmissionRef;
  readonly actor: Actor;
  readonly findings: readonly Finding[];
  readonly now: number;
};

/** Records intake's verdict as the submission's one answer (protocol 2). */
export function recordRejection(
  rejection: Rejection,
  { answered }: { readonly answered: AnswerDocument | null },
): { readonly changes: Changes } {
  if (answered !== null) return { changes: noChanges };
  const { org, env, submission, actor, findings, now } = rejection;
  const body: AnswerDocument = {
    submission: submission.id,
    env,
    order: submission.order,
    answer: { kind: 'rejected', findings },
    at: now,
  };
  const leaf = audit(org, { at: now, actor, verb: 'rejected', subject: env, digest: null, submission: submission.id });
  return { changes: { puts: [{ ...answerAt(org, submission.id), body }], removes: [], appends: [leaf] } };
}
