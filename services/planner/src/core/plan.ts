import type { Artifact } from '@microstax/model/artifact';
import type { Composition } from '@microstax/model/composition';
import type { Derivation } from '@microstax/model/derivation';
import type { Difference } from '@microstax/model/difference';
import type { Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { Cost, Placement, Plan } from '@microstax/model/plan';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { candidatesOf } from './candidates.ts';
import { type ComposedView, composedView, serviceAt } from './composed-view.ts';
import { contextEdgesOf } from './context-edges.ts';
import { costOf } from './cost.ts';
import { engine } from './engine.ts';
import { flowsOf } from './flows.ts';
import { jobsOf } from './jobs.ts';
import { listenersOf } from './listeners.ts';
import { type Placed, placeServices } from './place-services.ts';
import { planFindings } from './plan-findings.ts';
import { requirementsOf } from './requirements.ts';

export type PlanInput = {
  readonly derivation: Artifact<Derivation>;
  readonly facts: Artifact<Facts>;
  readonly difference: Artifact<Difference>;
  readonly composition: Artifact<Composition>;
};

export type PlanDecision =
  | { readonly kind: 'drafted'; readonly plan: Plan }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/**
 * What runs here, what is inherited, in which order, and what it costs; or the requirements that contradict each other.
 * The same inputs give the same bytes on one engine (design 4).
 */
export function draftPlan({ derivation, facts, difference, composition }: PlanInput): PlanDecision {
  const { org, env, wanted } = derivation.value;
  const view = composedView(composition.value, difference.value, wanted);
  const requirements = requirementsOf(view);
  const flows = flowsOf(view, requirements);
  const decision = placeServices(view, requirements, flows);
  if (decision.kind === 'contradiction') return { kind: 'refused', findings: decision.findings };
  const { placed } = decision;
  const cost = costOf(view, placed, facts.value);
  const listeners = listenersOf(view, placed);
  const { jobs, omitted } = jobsOf(view, placed, listeners.length);
  const plan: Plan = {
    org,
    env,
    wanted,
    engine,
    derivation: derivation.digest,
    difference: difference.digest,
    composition: composition.digest,
    placements: pricedPlacements(placed, cost),
    contextEdges: wanted === 'stopped' || wanted === 'deleted' ? [] : contextEdgesOf(view, flows, placed),
    listeners,
    jobs,
    omittedJobs: omitted,
    specs: startedSpecs(view, placed),
    cost,
    candidates: candidatesOf(view, requirements, placed, cost),
    findings: planFindings(view, flows, placed),
  };
  return { kind: 'drafted', plan };
}

function pricedPlacements(placed: readonly Placed[], { terms }: Cost): Placement[] {
  const micros = new Map<string, number>();
  for (const { service, term, microsPerHour } of terms)
    if (term !== 'bridge') micros.set(service, (micros.get(service) ?? 0) + microsPerHour);
  return placed.map((placement) => ({ ...placement, costMicrosPerHour: micros.get(placement.service) ?? 0 }));
}

/** Specs of what has a workload job: nothing starts while asleep, stopped or deleted (protocol 14). */
function startedSpecs(view: ComposedView, placed: readonly Placed[]): Record<string, ServiceSpec> {
  if (view.wanted !== 'running') return {};
  return Object.fromEntries(
    placed.flatMap(({ kind, service }, index) => (kind === 'local' ? [[service, serviceAt(view, index).spec]] : [])),
  );
}
