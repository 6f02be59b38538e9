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

export type UnderParentRequest = {
  readonly env: string;
  /** Absent: the newest generation. */
  readonly at?: number | undefined;
  /** In place of the parent that the generation derived from; absent `at`: what it offers. */
  readonly parent: { readonly env: string; readonly at?: number | undefined };
};

export type UnderParentReply =
  /** Canonical bytes of what the planner reads; the facts are those of the generation. */
  | {
      readonly kind: 'derived';
      readonly parent: { readonly env: string; readonly generation: number };
      readonly artifacts: WhatIfRequest['artifacts'];
    }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] }
  | { readonly kind: 'not found'; readonly what: string; readonly known: readonly string[] };

export const underParent = defineRequest<UnderParentRequest, UnderParentReply>(
  'graph',
  'under-parent',
  'what a generation would be derived to under another parent; nothing is recorded',
);

export const planRequests = [whatIf, underParent] as const;
