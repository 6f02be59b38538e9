import { type Endpoint, endpoint } from '@microstax/bus/bus';
import { policiesSchema, somePricesSchema, withPrices } from '@microstax/contracts/installation-schemas';
import { type WhatIfReply, type WhatIfRequest, whatIf } from '@microstax/contracts/plan-requests';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import type { ArtifactKind } from '@microstax/model/digest';
import type { Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { PolicyBundle } from '@microstax/model/policy';
import type { z } from 'zod';
import { draftPlan, type PlanInput } from '../core/plan.ts';
import { judgePolicies } from './policies/judge-policies.ts';
import type { PolicyWorkers } from './policies/policy-workers.ts';

/** Answers what a plan would be under other prices or policies. Nothing is recorded and nothing is said. */
export function whatIfAnswer(policies: PolicyWorkers): Endpoint {
  return endpoint(whatIf, (request) => answerWhatIf(request, policies));
}

export async function answerWhatIf(request: WhatIfRequest, workers: PolicyWorkers): Promise<WhatIfReply> {
  const policies = read('policies', request.policies ?? [], policiesSchema);
  const prices = read('prices', request.prices ?? {}, somePricesSchema);
  if (policies.kind === 'refused') return policies;
  if (prices.kind === 'refused') return prices;
  const { value: facts } = opened<Facts>(request, 'facts');
  const input: PlanInput = {
    revision: opened(request, 'revision'),
    derivation: opened(request, 'derivation'),
    facts: sealArtifact('facts', { ...facts, prices: withPrices(facts.prices, prices.value) }),
    difference: opened(request, 'difference'),
    composition: opened(request, 'composition'),
  };
  const bundle = request.policies === undefined ? opened<PolicyBundle>(request, 'policy').value : policies.value;
  const judgement = await judgePolicies(
    input,
    sortedBy(bundle, ({ name }) => name),
    workers,
  );
  if (judgement.kind === 'denied') return { kind: 'refused', findings: judgement.findings };
  return draftPlan({ ...input, verdicts: judgement.verdicts });
}

function opened<T>({ artifacts }: WhatIfRequest, kind: ArtifactKind): Artifact<T> {
  const bytes = artifacts[kind];
  if (bytes === undefined) throw new Error(`Cannot plan without ${kind}: the request holds none`);
  return sealArtifact(kind, JSON.parse(bytes) as T);
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
