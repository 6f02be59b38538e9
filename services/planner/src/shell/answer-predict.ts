import { type Endpoint, endpoint } from '@microstax/bus/bus';
import { type PredictReply, type PredictRequest, predict } from '@microstax/contracts/predict-requests';
import type { PolicyBundle } from '@microstax/model/policy';
import { predictedFromPercent } from '@microstax/model/prediction';
import { draftPlan, type PlanDecision, type PlanInput } from '../core/plan.ts';
import { predictChanges } from '../core/predict.ts';
import { provisionalInput } from '../core/provisional-plan.ts';
import { openArtifact } from './open-artifacts.ts';
import { judgePolicies } from './policies/judge-policies.ts';
import type { PolicyWorkers } from './policies/policy-workers.ts';

/** Answers what changed files and images are likely to change, with a provisional plan. Nothing is recorded here. */
export function predictAnswer(policies: PolicyWorkers): Endpoint {
  return endpoint(predict, (request) => answerPredict(request, policies));
}

export async function answerPredict(request: PredictRequest, workers: PolicyWorkers): Promise<PredictReply> {
  const { artifacts, changed, history, overlay } = request;
  const input: PlanInput = {
    revision: openArtifact(artifacts, 'revision'),
    derivation: openArtifact(artifacts, 'derivation'),
    facts: openArtifact(artifacts, 'facts'),
    difference: openArtifact(artifacts, 'difference'),
    composition: openArtifact(artifacts, 'composition'),
  };
  const specs = input.composition.value.services.filter(({ removed }) => !removed).map(({ spec }) => spec);
  const { services, unmatched } = predictChanges({ changed, services: specs, history });
  const predicted = services.filter(({ percent }) => percent >= predictedFromPercent).map(({ service }) => service);
  const { value: policies } = openArtifact<PolicyBundle>(artifacts, 'policy');
  const decision = await decide(provisionalInput(input, { predicted, overlay }), policies, workers);
  if (decision.kind === 'refused') return { services, unmatched, plan: null, findings: decision.findings };
  return { services, unmatched, plan: decision.plan, findings: [] };
}

async function decide(input: PlanInput, policies: PolicyBundle, workers: PolicyWorkers): Promise<PlanDecision> {
  const judgement = await judgePolicies(input, policies, workers);
  if (judgement.kind === 'denied') return { kind: 'refused', findings: judgement.findings };
  return draftPlan({ ...input, verdicts: judgement.verdicts });
}
