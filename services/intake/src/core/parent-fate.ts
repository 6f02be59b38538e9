import type { SubmissionAnswer } from '@microstax/contracts/answer';
import type { Finding } from '@microstax/model/finding';
import type { Decision } from './decide.ts';
import { inOrder } from './problem.ts';
import { quote } from './quote.ts';

/** What became of the parent's last submission before this one (protocol 4). */
export type ParentFate =
  | { readonly kind: 'never submitted' }
  | { readonly kind: 'submitted'; readonly submission: string; readonly answer: SubmissionAnswer | null };

export type ParentVerdict =
  | { readonly kind: 'rejected'; readonly findings: readonly Finding[] }
  /** The graph will know it soon. */
  | { readonly kind: 'wait'; readonly reason: string };

/** Protocol 4: none at all is rejected at once, one that is undecided is awaited for `parentWaitMs`, then named. */
export function judgeParent(
  { parent, unknownParent, findings }: Extract<Decision, { kind: 'needs parent' }>,
  fate: ParentFate,
  { waitedMs, parentWaitMs }: { readonly waitedMs: number; readonly parentWaitMs: number },
): ParentVerdict {
  const rejected = (finding: Finding): ParentVerdict => ({
    kind: 'rejected',
    findings: inOrder([...findings, finding], Number.POSITIVE_INFINITY),
  });
  if (fate.kind === 'never submitted') return rejected(unknownParent);
  const { submission, answer } = fate;
  if (answer?.kind === 'rejected' || answer?.kind === 'refused')
    return rejected({
      ...unknownParent,
      code: 'parent-rejected',
      reason: `parent ${quote(parent)} is not known: its submission ${quote(submission)} was ${answer.kind}${firstReason(answer.findings)}`,
      next: `repair the Blueprint of ${quote(parent)} and apply it, then this one again`,
    });
  if (waitedMs < parentWaitMs)
    return { kind: 'wait', reason: `parent ${quote(parent)} is undecided, its submission is ${quote(submission)}` };
  return rejected({
    ...unknownParent,
    code: 'parent-undecided',
    reason: `parent ${quote(parent)} is not known: its submission ${quote(submission)} had no answer within ${parentWaitMs} ms`,
    next: `see what it waits for: msx status ${parent}, then apply this Blueprint again`,
  });
}

function firstReason(findings: readonly Finding[]): string {
  const first = findings.find(({ severity }) => severity === 'error');
  return first === undefined ? '' : `, because ${first.reason}`;
}
