import { digestOf } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import { given } from '@microstax/testkit/given';
import { describe, expect, test } from 'vitest';
import { judgeActivation } from './judge-activation.ts';
import { altered, scene } from './testing/scene.ts';

type Judgement = ReturnType<typeof judgeActivation>;

function findingsOf(judgement: Judgement): readonly Finding[] {
  return judgement.findings.value.findings;
}

function codesOf(judgement: Judgement): readonly string[] {
  return findingsOf(judgement).map(({ severity, code }) => `${severity} ${code}`);
}

function uniqueKeysOf(judgement: Judgement): readonly string[] | undefined {
  return judgement.kind === 'approved' ? judgement.approval.value.uniqueKeys : undefined;
}

describe('judgeActivation()', () => {
  test('approves what nothing stands against, and names everything it judged', () => {
    const input = scene();
    given(input)
      .when(judgeActivation)
      .thenCheck((judgement) => {
        expect(judgement.kind).toBe('approved');
        expect(judgement.kind === 'approved' && judgement.approval.value).toEqual({
          org: 'default',
          env: 'feat',
          engine: 'microstax-validator/0.1.0',
          derivation: input.derivation.digest,
          plan: input.plan.digest,
          resolution: input.resolution.digest,
          findings: judgement.findings.digest,
          uniqueKeys: ['route:shop/x-msx-env=feat'],
        });
        expect(judgement.findings.value).toMatchObject({ plan: input.plan.digest, findings: [] });
      });
  });

  test('approves a cost that is the budget, and denies a micro-dollar more', () => {
    given(scene({ budgetMicros: 5_000 }))
      .when((input) => judgeActivation(input).kind)
      .then('approved');
    given(scene({ budgetMicros: 4_999 }))
      .when((input) => judgeActivation(input).kind)
      .then('denied');
  });

  test('says both figures and what would fit', () => {
    given(scene({ budgetMicros: 4_000, costs: { a: 100, b: 5_000, c: 900, d: 300 } }))
      .when((input) => findingsOf(judgeActivation(input)))
      .then([
        {
          severity: 'error',
          code: 'over-budget',
          subject: 'feat',
          reason: 'feat costs $0.0063 an hour, which is $0.0023 over its budget of $0.004',
          next: 'raise budget to at least $0.0063 an hour, or let less run here; the dearest are b ($0.005), c ($0.0009), d ($0.0003)',
          evidence: { costMicrosPerHour: 6_300, budgetMicrosPerHour: 4_000, overMicrosPerHour: 2_300 },
        },
      ]);
  });

  test('denies a header and value that a sibling has, in any case of the header', () => {
    given(scene({ siblings: [{ env: 'other', value: 'feat', headerName: 'X-MSX-Env' }] }))
      .when(judgeActivation)
      .thenCheck((judgement) => {
        expect(judgement.kind).toBe('denied');
        expect(findingsOf(judgement)[0]).toMatchObject({
          code: 'route-collision',
          reason: 'requests with x-msx-env: feat would mean feat and other, both under shop',
          evidence: { header: 'x-msx-env', value: 'feat', sibling: 'other' },
        });
      });
  });

  test.each([
    ['another header', { env: 'other', value: 'feat', headerName: 'x-team' }],
    ['another value', { env: 'other', value: 'other' }],
    ['itself', { env: 'feat', value: 'feat' }],
  ])('finds no collision with %s', (_, sibling) => {
    given(scene({ siblings: [sibling] }))
      .when((input) => codesOf(judgeActivation(input)))
      .then([]);
  });

  test('warns of a value that is the name of another environment', () => {
    given(scene({ value: 'other', siblings: [{ env: 'other', value: 'o-1' }] }))
      .when((input) => codesOf(judgeActivation(input)))
      .then(['warning misleading-context-value']);
  });

  test('warns of siblings that change the same service, once for each service', () => {
    const siblings = [
      { env: 'one', changed: ['pay', 'web'] },
      { env: 'two', changed: ['pay'] },
    ];
    given(scene({ siblings }))
      .when(judgeActivation)
      .thenCheck((judgement) => {
        expect(judgement.kind).toBe('approved');
        expect(findingsOf(judgement)).toEqual([
          {
            severity: 'warning',
            code: 'sibling-change',
            subject: 'pay',
            reason:
              'pay is declared differently by feat and by one and two: whoever is merged into shop second has a conflict to resolve',
            next: 'compare with: msx explain one pay',
            evidence: { siblings: 2, first: 'one' },
          },
        ]);
      });
  });

  test('does not warn of a change that an ancestor made, nor of a service that is merely impacted', () => {
    given(scene({ ancestors: ['team', 'shop'], siblings: [{ env: 'team', changed: ['pay'] }] }))
      .when((input) => codesOf(judgeActivation(input)))
      .then([]);
    given(scene({ states: { pay: 'impacted' }, siblings: [{ env: 'one', changed: ['pay'] }] }))
      .when((input) => codesOf(judgeActivation(input)))
      .then([]);
  });

  test('asks no root about the changes of what derives from it', () => {
    given(scene({ ancestors: [], states: { pay: 'added' }, siblings: [{ env: 'one', changed: ['pay'] }] }))
      .when((input) => codesOf(judgeActivation(input)))
      .then([]);
  });

  test('forwards the findings of planner and resolver, errors first, and an error of theirs denies', () => {
    const info: Finding = { severity: 'info', code: 'pass-through', subject: 'db', reason: 'tcp' };
    const error: Finding = { severity: 'error', code: 'plan-disagrees', subject: 'pay', reason: 'other' };
    given(scene({ planFindings: [info], resolutionFindings: [error] }))
      .when(judgeActivation)
      .thenCheck((judgement) => {
        expect(judgement.kind).toBe('denied');
        expect(findingsOf(judgement)).toEqual([error, info]);
      });
    given(scene({ planFindings: [info] }))
      .when((input) => judgeActivation(input).kind)
      .then('approved');
  });

  test('collects every finding, not the first', () => {
    given(scene({ budgetMicros: 1, siblings: [{ env: 'other', value: 'feat', changed: ['pay'] }] }))
      .when((input) => codesOf(judgeActivation(input)))
      .then(['error over-budget', 'error route-collision', 'warning sibling-change']);
  });

  test.each(['stopped', 'deleted'] as const)('lets nothing stand in the way where %s is wanted', (wanted) => {
    given(scene({ wanted, budgetMicros: 1, siblings: [{ env: 'other', value: 'feat' }] }))
      .when((input) => judgeActivation(input).kind)
      .then('approved');
  });

  test('keeps the route of what is stopped or asleep, and gives up that of what is deleted', () => {
    const kept = ['route:shop/x-msx-env=feat'];
    expect(uniqueKeysOf(judgeActivation(scene({ wanted: 'stopped' })))).toEqual(kept);
    expect(uniqueKeysOf(judgeActivation(scene({ wanted: 'asleep' })))).toEqual(kept);
    expect(uniqueKeysOf(judgeActivation(scene({ wanted: 'deleted' })))).toEqual([]);
  });

  test('denies artifacts that were not made from one another', () => {
    const input = scene();
    const other = digestOf('plan', 'another');
    given({ ...input, resolution: altered(input.resolution, { plan: other }) })
      .when((mixed) => findingsOf(judgeActivation(mixed)))
      .then([
        {
          severity: 'error',
          code: 'artifact-mismatch',
          subject: 'resolution',
          reason: `the resolution was made from plan ${other}, but ${input.plan.digest} came with it`,
          next: 'activate again: msx retry',
        },
      ]);
  });

  test('denies a resolution that was made from another composition than its plan', () => {
    const input = scene();
    const resolution = altered(input.resolution, { composition: digestOf('composition', 'another') });
    const { kind, findings } = judgeActivation({ ...input, resolution });
    expect(kind).toBe('denied');
    expect(findings.value.findings).toMatchObject([{ code: 'artifact-mismatch', subject: 'resolution' }]);
  });

  test('gives the same bytes for the same artifacts', () => {
    const draft = { siblings: [{ env: 'b', changed: ['pay'] }, { env: 'c' }] };
    expect(judgeActivation(scene(draft))).toEqual(judgeActivation(scene(draft)));
  });
});
