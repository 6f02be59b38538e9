import type { Approval, FindingsReport } from '@microstax/model/approval';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { compareText } from '@microstax/model/compare';
import type { Derivation } from '@microstax/model/derivation';
import type { Difference } from '@microstax/model/difference';
import type { Facts } from '@microstax/model/facts';
import { blocks, type Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { Revision } from '@microstax/model/revision';
import { checkBudget } from './check-budget.ts';
import { checkOrigin } from './check-origin.ts';
import { checkRoutes, routeKey } from './check-routes.ts';
import { checkRuntime } from './check-runtime.ts';
import { checkSiblings } from './check-siblings.ts';
import { engine } from './engine.ts';

export type JudgeInput = {
  readonly revision: Artifact<Revision>;
  readonly derivation: Artifact<Derivation>;
  readonly facts: Artifact<Facts>;
  readonly difference: Artifact<Difference>;
  readonly plan: Artifact<Plan>;
  readonly resolution: Artifact<Resolution>;
};

/** Protocol 30: in a preview nothing will be touched. */
export type JudgePurpose = { readonly preview?: boolean };

export type Judgement =
  | { readonly kind: 'approved'; readonly findings: Artifact<FindingsReport>; readonly approval: Artifact<Approval> }
  | { readonly kind: 'denied'; readonly findings: Artifact<FindingsReport> };

/**
 * Whether anything blocks an activation before the world is touched. All findings, none stops the others; an error
 * denies, also one that planner or resolver found.
 */
export function judgeActivation(input: JudgeInput, purpose: JudgePurpose = {}): Judgement {
  const { org, env } = input.plan.value;
  const { plan, resolution } = input;
  const found = [
    ...checkOrigin(input),
    ...checkNow(input, purpose),
    ...plan.value.findings,
    ...resolution.value.findings,
  ];
  const report: FindingsReport = {
    org,
    env,
    engine,
    plan: plan.digest,
    resolution: resolution.digest,
    findings: inOrder(found),
  };
  const findings = sealArtifact('findings', report);
  if (blocks(found)) return { kind: 'denied', findings };
  const approval: Approval = {
    org,
    env,
    engine,
    derivation: input.derivation.digest,
    plan: plan.digest,
    resolution: resolution.digest,
    findings: findings.digest,
    uniqueKeys: plan.value.wanted === 'deleted' ? [] : [routeKey(resolution.value)],
  };
  return { kind: 'approved', findings, approval: sealArtifact('approval', approval) };
}

/** A stop or a delete takes nothing, so neither money nor a sibling stands in its way. */
function checkNow(input: JudgeInput, { preview = false }: JudgePurpose): Finding[] {
  const { revision, derivation, facts, difference, plan, resolution } = input;
  if (plan.value.wanted === 'stopped' || plan.value.wanted === 'deleted') return [];
  return [
    ...checkRuntime(revision.value, plan.value, facts.value, preview),
    ...checkBudget(revision.value, plan.value),
    ...checkRoutes(resolution.value, facts.value),
    ...checkSiblings(derivation.value, difference.value, facts.value),
  ];
}

const ranks: Readonly<Record<Finding['severity'], number>> = { error: 0, warning: 1, info: 2 };

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (a, b) =>
      ranks[a.severity] - ranks[b.severity] ||
      compareText(a.code, b.code) ||
      compareText(a.subject, b.subject) ||
      compareText(a.reason, b.reason),
  );
}
