import type { ArtifactKind } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import type { PolicyBundle } from '@microstax/model/policy';
import type { SomePrices } from './installation-schemas.ts';
import { defineRequest } from './request-contract.ts';

/** What a plan is made from; the kinds that the planner reads. */
export const plannedFrom = ['revision', 'derivation', 'facts', 'policy', 'difference', 'composition'] as const;

export type WhatIfRequest = {
  /** Canonical bytes of the artifacts of one generation. */
  readonly artifacts: { readonly [kind in ArtifactKind]?: string | undefined };
  /** In place of what the facts say. */
  readonly prices?: SomePrices | undefined;
  /** In place of what the organisation has. */
  readonly policies?: PolicyBundle | undefined;
};

export type WhatIfReply =
  | { readonly kind: 'drafted'; readonly plan: Plan }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

export const whatIf = defineRequest<WhatIfRequest, WhatIfReply>(
  'planner',
  'what-if',
  'the plan that other prices or policies would have led to; nothing is recorded',
);

export const planRequests = [whatIf] as const;
