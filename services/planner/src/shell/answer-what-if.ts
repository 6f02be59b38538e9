import { type Endpoint, endpoint } from '@microstax/bus/bus';
import { policiesSchema, somePricesSchema, withPrices } from '@microstax/contracts/installation-schemas';
import { type WhatIfReply, type WhatIfRequest, whatIf } from '@microstax/contracts/plan-requests';
import { sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import type { Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { PolicyBundle } from '@microstax/model/policy';
import type { z } from 'zod';
import { draftPlan, type PlanInput } from '../core/plan.ts';
import { openArtifact } from './open-artifacts.ts';
import { judgePolicies } from './policies/judge-policies.ts';
import type { PolicyWorkers } from './policies/policy-workers.ts';

/** Answers what a plan would be under other prices or policies. Nothing is recorded and nothing is said. */
export function whatIfAnswer(policies: PolicyWorkers): Endpoint {
  return endpoint(whatIf, (request) => answerWhatIf(request, policies));
}

export async function answerWhatIf(request: WhatIfRequest, workers: PolicyWorkers): Promise<WhatIfReply> {
  const { artifacts } = request;
  const policies = read('policies', request.policies ?? [], policiesSchema);
  const prices = read('prices', request.prices ?? {}, somePricesSchema);
  if (policies.kind === 'refused') return policies;
  if (prices.kind === 'refused') return prices;
  const { value: facts } = openArtifact<Facts>(artifacts, 'facts');
  const input: PlanInput = {
    revision: openArtifact(artifacts, 'revision'),
    derivation: openArtifact(artifacts, 'derivation'),
    facts: sealArtifact('facts', { ...facts, prices: withPrices(facts.prices, prices.value) }),
    difference: openArtifact(artifacts, 'difference'),
    composition: openArtifact(artifacts, 'composition'),
  };
  const bundle =
    request.policies === undefined ? openArtifact<PolicyBundle>(artifacts, 'policy').value : policies.value;
  const judgement = await judgePolicies(
    input,
    sortedBy(bundle, ({ name }) => name),
    workers,
  );
  if (judgement.kind === 'denied') return { kind: 'refused', findings: judgement.findings };
  return draftPlan({ ...input, verdicts: judgement.verdicts });
}

type Read<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'refused'; readonly findings: Finding[] };

function read<T>(what: string, value: unknown, schema: z.ZodType<T>): Read<T> {
  const result = schema.safeParse(value);
  if (result.success) return { kind: 'read', value: result.data };
  const [issue] = result.error.issues;
  const subject = `/${[what, ...(issue?.path ?? [])].join('/')}`;
  const reason = issue?.message ?? 'it has another shape';
  return { kind: 'refused', findings: [{ severity: 'error', code: 'invalid-what-if', subject, reason }] };
}
