import { must } from '@microstax/model/must';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { judgeParent, type ParentFate } from './parent-fate.ts';
import { decideText } from './testing/decide-text.ts';

const orphan = () => {
  const decision = decideText('name: feat\nrouting: { mode: overlay, baselineId: shop }\nservices: []\n', {
    env: 'feat',
  });
  return must(decision.kind === 'needs parent' ? decision : undefined, 'the parent is unknown');
};
const judge = (fate: ParentFate, waitedMs = 0) =>
  given(orphan).when((it) => judgeParent(it, fate, { waitedMs, parentWaitMs: 60_000 }));
const position = { line: 2, column: 39 };

test('judgeParent() rejects at once where nobody submitted the parent', () => {
  judge({ kind: 'never submitted' }).thenCheck((verdict) => {
    expect(verdict).toMatchObject({ kind: 'rejected', findings: [{ code: 'unknown-parent', position }] });
  });
});

test('judgeParent() waits while the parent is undecided, then rejects and names the submission', () => {
  const undecided: ParentFate = { kind: 'submitted', submission: 'abc', answer: null };
  judge(undecided, 59_999).thenMatches({ kind: 'wait' });
  judge(undecided, 60_000).thenCheck((verdict) => {
    expect(verdict).toMatchObject({ kind: 'rejected', findings: [{ code: 'parent-undecided', position }] });
    expect(JSON.stringify(verdict)).toContain('\\"abc\\"');
  });
});

test('judgeParent() rejects where the parent was rejected or refused, with its first reason', () => {
  const findings = [
    { severity: 'error', code: 'empty', subject: 'blueprint', reason: 'the Blueprint is empty' } as const,
  ];
  for (const kind of ['rejected', 'refused'] as const)
    judge({ kind: 'submitted', submission: 'abc', answer: { kind, findings } }).thenCheck((verdict) => {
      expect(verdict).toMatchObject({ kind: 'rejected', findings: [{ code: 'parent-rejected', position }] });
      expect(JSON.stringify(verdict)).toContain(`was ${kind}, because the Blueprint is empty`);
    });
});

test('judgeParent() waits where the parent was revised: the graph will know it in a moment', () => {
  const answer = { kind: 'revised', generation: 1, activation: 'shop@1', trace: null } as const;
  judge({ kind: 'submitted', submission: 'abc', answer }).thenMatches({ kind: 'wait' });
});
