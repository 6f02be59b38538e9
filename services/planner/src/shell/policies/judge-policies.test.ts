import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '@microstax/model/plan';
import type { Policy, PolicyBundle } from '@microstax/model/policy';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { draftPlan } from '../../core/plan.ts';
import { derived } from '../../core/testing/lineage.ts';
import { overlay, shop } from '../../core/testing/shop.ts';
import { judgePolicies } from './judge-policies.ts';
import { policyWorkers } from './policy-workers.ts';

const workers = policyWorkers({ evaluateMs: 20_000 });
afterAll(() => workers[Symbol.asyncDispose]());

const input = derived([overlay('feat', { payments: { env: { FEE: '5' } } }), shop]);

function rule(draft: Partial<Policy> & Pick<Policy, 'effect' | 'when'>): Policy {
  return { name: 'rule', message: 'because we say so', ...draft };
}

async function planUnder(...bundle: PolicyBundle): Promise<Plan> {
  const judgement = await judgePolicies(input, bundle, workers);
  if (judgement.kind === 'denied') throw new Error(judgement.findings[0]?.reason);
  const decision = draftPlan({ ...input, verdicts: judgement.verdicts });
  if (decision.kind === 'refused') throw new Error(decision.findings[0]?.reason);
  return decision.plan;
}

function localIn(plan: Plan): readonly string[] {
  return plan.placements.filter(({ kind }) => kind === 'local').map(({ service }) => service);
}

describe('judgePolicies()', () => {
  test('requires what it names, by anything that is known of a service and its environment', async () => {
    expect(
      localIn(await planUnder(rule({ effect: 'require', when: 'service.stateful && env.mode == "overlay"' }))),
    ).toEqual(['payments', 'store']);
    expect(
      localIn(await planUnder(rule({ effect: 'require', when: 'service.resources.memoryBytes > 200 * 1024 * 1024' }))),
    ).toEqual(['payments', 'store']);
  });

  test('refuses what a policy forbids and the change requires, and names the policy', async () => {
    const forbids = rule({ effect: 'forbid', when: 'service.changes.exists(c, c.class == "behaviour")' });
    await expect(planUnder(forbids)).rejects.toThrow(
      'payments must run here and cannot: payments is changed in feat: /env (behaviour); but policy "rule" forbids a copy of payments here: because we say so',
    );
  });

  test('lets a preference decide by its price', async () => {
    const wish = { effect: 'prefer', placement: 'local', when: 'service.name == "shipping"' } as const;
    expect(localIn(await planUnder(rule({ ...wish, microsPerHour: 100 })))).toEqual(['payments']);
    const plan = await planUnder(rule({ ...wish, microsPerHour: 10_000 }));
    expect(localIn(plan)).toEqual(['payments', 'shipping']);
    expect(plan.placements.find(({ service }) => service === 'shipping')?.reasons[0]?.text).toContain('80000 (policy)');
  });

  test('vetoes candidates, and says of each who did', async () => {
    const { candidates } = await planUnder(
      rule({ effect: 'veto', when: 'candidate.localServices < 8', message: 'too thin' }),
    );
    expect(candidates.map(({ name, chosen }) => [name, chosen])).toEqual([
      ['cheapest', false],
      ['balanced', false],
      ['safest', false],
      ['isolated', true],
    ]);
    expect(candidates[0]?.reason).toBe('policy "rule" vetoes it: too thin');
  });

  test('evaluates the policies that the documentation shows', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../../docs/planner.md'), 'utf8');
    const shown = parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '') as PolicyBundle;
    expect(shown.map(({ effect }) => effect)).toEqual(['forbid', 'prefer', 'veto']);
    const { placements } = await planUnder(...shown);
    expect(placements.find(({ service }) => service === 'cart')?.reasons.at(-1)?.text).toContain('16000 (policy)');
  });

  test.each([
    ['service.nam == "x"', /of service "cart": .*nam/],
    ['service.name', /of service "cart": it is a text, not true or false/],
    ['1 +', /rule/],
    ['[1].all(a, [1].all(b, [1].all(c, true)))', /it nests 3 comprehensions, allowed are 2/],
  ])('denies where %s is asked', async (when, reason) => {
    const judgement = await judgePolicies(input, [rule({ effect: 'forbid', when })], workers);
    expect(judgement).toMatchObject({ kind: 'denied', findings: [{ code: 'policy-failed', subject: 'rule' }] });
    expect(judgement.kind === 'denied' && judgement.findings[0]?.reason).toMatch(reason);
  });

  test('takes an evaluation that does not end for an outage, and answers the next question', async () => {
    await using hasty = policyWorkers({ evaluateMs: 1 });
    const numbers = Array.from({ length: 3_000 }, () => '1').join(',');
    const endless = { expressions: [`[${numbers}].all(a, [${numbers}].all(b, a == b))`], about: 'service', env: {} };
    await expect(hasty.evaluate({ ...endless, subjects: [{ name: 'a' }] })).rejects.toThrow(
      'the policy worker, which did not answer within 2 ms, is unavailable',
    );
    const simple = { expressions: ['service.name == "a"'], about: 'service', env: {} };
    expect(await workers.evaluate({ ...simple, subjects: [{ name: 'a' }, { name: 'b' }] })).toEqual({
      kind: 'hits',
      hits: [{ policy: 0, subject: 0 }],
    });
  });
});
