import type { WhatIfRequest } from '@microstax/contracts/plan-requests';
import { sealArtifact } from '@microstax/model/artifact';
import { afterAll, expect, test } from 'vitest';
import { draftPlan } from '../core/plan.ts';
import { derived } from '../core/testing/lineage.ts';
import { overlay, shop } from '../core/testing/shop.ts';
import { answerWhatIf } from './answer-what-if.ts';
import { policyWorkers } from './policies/policy-workers.ts';

const workers = policyWorkers({ evaluateMs: 20_000 });
afterAll(() => workers[Symbol.asyncDispose]());

const feat = overlay('feat', { payments: { env: { FEE: '5' } } });
const input = derived([feat, shop]);
const artifacts: WhatIfRequest['artifacts'] = {
  revision: sealArtifact('revision', feat).bytes,
  policy: sealArtifact('policy', []).bytes,
  derivation: input.derivation.bytes,
  facts: input.facts.bytes,
  difference: input.difference.bytes,
  composition: input.composition.bytes,
};

test('answerWhatIf() gives the plan of the generation where nothing is swapped', async () => {
  expect(await answerWhatIf({ artifacts }, workers)).toEqual(draftPlan(input));
});

test('answerWhatIf() plans at other prices and under other policies', async () => {
  const dear = await answerWhatIf({ artifacts, prices: { cpuCoreHourMicros: 80_000 } }, workers);
  expect(dear.kind === 'drafted' && dear.plan.cost.terms[0]).toMatchObject({ term: 'cpu', microsPerHour: 8_000 });
  const when = 'service.name == "cart"';
  const policies = [{ name: 'own', effect: 'require', when, message: 'ours' } as const];
  const ruled = await answerWhatIf({ artifacts, policies }, workers);
  const local = ruled.kind === 'drafted' ? ruled.plan.placements.filter(({ kind }) => kind === 'local') : [];
  expect(local.map(({ service }) => service)).toEqual(['cart', 'payments']);
});

test('answerWhatIf() refuses what is no price and no policy, and names it', async () => {
  expect(await answerWhatIf({ artifacts, prices: { startMicros: 0.5 } }, workers)).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'invalid-what-if', subject: '/prices/startMicros' }],
  });
  const policies = [{ name: 'own', effect: 'allow', when: 'true', message: 'x' }] as unknown as [];
  expect(await answerWhatIf({ artifacts, policies }, workers)).toMatchObject({
    kind: 'refused',
    findings: [{ subject: '/policies/0/effect' }],
  });
});
