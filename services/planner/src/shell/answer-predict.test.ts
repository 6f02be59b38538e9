import type { PredictRequest } from '@microstax/contracts/predict-requests';
import { sealArtifact } from '@microstax/model/artifact';
import { afterAll, expect, test } from 'vitest';
import { derived } from '../core/testing/lineage.ts';
import { shop } from '../core/testing/shop.ts';
import { answerPredict } from './answer-predict.ts';
import { policyWorkers } from './policies/policy-workers.ts';

const workers = policyWorkers({ evaluateMs: 20_000 });
afterAll(() => workers[Symbol.asyncDispose]());

const input = derived([shop]);
const policies = [{ name: 'shared', effect: 'forbid', when: 'service.name == "store"', message: 'one store' }];
const asked = (changed: readonly string[], more: Partial<PredictRequest> = {}): PredictRequest => ({
  changed,
  history: [],
  overlay: 'feat',
  artifacts: {
    revision: sealArtifact('revision', shop).bytes,
    policy: sealArtifact('policy', []).bytes,
    derivation: input.derivation.bytes,
    facts: input.facts.bytes,
    difference: input.difference.bytes,
    composition: input.composition.bytes,
  },
  ...more,
});

test('answerPredict() plans what is more likely than not, and only that', async () => {
  const history = [{ words: [], services: ['cart', 'shipping'] }];
  const { services, unmatched, plan } = await answerPredict(asked(['cart.mjs', 'README.md'], { history }), workers);
  expect(services.map(({ service, percent }) => [service, percent])).toEqual([
    ['cart', 95],
    ['shipping', 47],
  ]);
  expect(unmatched).toEqual(['README.md']);
  expect(plan?.env).toBe('feat');
  expect(plan?.placements.filter(({ kind }) => kind === 'local').map(({ service }) => service)).toEqual(['cart']);
});

test('answerPredict() says what would refuse the plan, by the policies of the generation', async () => {
  const { artifacts } = asked([]);
  const ruled = { artifacts: { ...artifacts, policy: sealArtifact('policy', policies).bytes } };
  const reply = await answerPredict(asked(['store.mjs'], ruled), workers);
  expect(reply).toMatchObject({ services: [{ service: 'store' }], plan: null, findings: [{ subject: 'store' }] });
});
