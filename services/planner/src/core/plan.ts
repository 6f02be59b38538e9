import type { Artifact } from '@microstax/model/artifact';
import type { Composition } from '@microstax/model/composition';
import type { Derivation } from '@microstax/model/derivation';
import type { Difference } from '@microstax/model/difference';
import type { Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import { must } from '@microstax/model/must';
import type { Cost, Placement, Plan, PlanCandidate } from '@microstax/model/plan';
import type { Revision } from '@microstax/model/revision';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { type Candidates, candidatesOf, explainCandidates } from './candidates.ts';
import { type ComposedView, composedView, serviceAt } from './composed-view.ts';
import { contextEdgesOf } from './context-edges.ts';
import { costOf, serviceMicros } from './cost.ts';
import { engine } from './engine.ts';
import { type Flows, flowsOf } from './flows.ts';
import { implicationsOf } from './implications.ts';
import { jobsOf } from './jobs.ts';
import { listenersOf } from './listeners.ts';
import { type Placed, placeNowhere, placeServices } from './place-services.ts';
import { type PlacementProblem, placementProblem } from './placement-problem.ts';
import { planFindings } from './plan-findings.ts';
import { requirementsOf } from './requirements.ts';
import { certificateOf } from './solution.ts';
import { noVerdicts, type Verdicts } from './verdicts.ts';
import { pricesTooLarge, weightsOf } from './weights.ts';

export type PlanInput = {
  readonly derivation: Artifact<Derivation>;
  readonly facts: Artifact<Facts>;
  readonly difference: Artifact<Difference>;
  readonly composition: Artifact<Composition>;
  /** What the environment itself declares: its budget. */
  readonly revision?: Artifact<Revision>;
  /** What policies said, evaluated by the shell. */
  readonly verdicts?: Verdicts;
};

export type PlanDecision =
  | { readonly kind: 'drafted'; readonly plan: Plan }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/**
 * What runs here, what is inherited, in which order, and what it costs; or the requirements that contradict each other.
 * The same inputs give the same bytes on one engine (design 4).
 */
export function draftPlan(input: PlanInput): PlanDecision {
  const view = viewOf(input);
  if (view.wanted === 'stopped' || view.wanted === 'deleted') return drafted(input, view, null, placeNowhere(view), []);
  const { problem, flows, candidates } = weigh(view, input);
  if (candidates.kind === 'contradiction') return { kind: 'refused', findings: candidates.findings };
  const { all, chosen } = candidates;
  const solution = must(chosen.solution, 'what is chosen is solved');
  const placed = placeServices(view, solution, certificateOf(view, problem, solution));
  return drafted(input, view, flows, placed, explainCandidates(view, all, chosen));
}

/** The candidates before policies have seen them, or null where there is nothing to choose. */
export function weighCandidates(input: PlanInput): Candidates | null {
  const view = viewOf(input);
  return view.wanted === 'stopped' || view.wanted === 'deleted' ? null : weigh(view, input).candidates;
}

export function viewOf({ derivation, facts, difference, composition }: PlanInput): ComposedView {
  const { wanted } = derivation.value;
  return composedView(composition.value, difference.value, { wanted, routed: facts.value.routedProtocols });
}

type Weighed = {
  readonly problem: PlacementProblem;
  readonly flows: Flows;
  readonly candidates: Candidates;
};

function weigh(view: ComposedView, { facts, revision, verdicts = noVerdicts }: PlanInput): Weighed {
  const requirements = requirementsOf(view, verdicts);
  const flows = flowsOf(view, requirements);
  const implications = implicationsOf(view, requirements, flows);
  const problem = placementProblem(view, requirements, { flows, implications });
  const { prices } = facts.value;
  const services = serviceMicros(view, prices);
  const balance = weightsOf(view, facts.value, { verdicts, services, objective: 'balance' });
  const tooLarge = pricesTooLarge(view, problem, balance);
  if (tooLarge !== null) return { problem, flows, candidates: { kind: 'contradiction', findings: [tooLarge] } };
  const candidates = candidatesOf({
    view,
    problem,
    requirements,
    balance,
    money: weightsOf(view, facts.value, { verdicts, services, objective: 'money' }),
    hourly: { services, bridge: prices.bridgeHourMicros },
    budgetMicrosPerHour: revision?.value.budget?.microsPerHour,
    vetoes: verdicts.vetoes,
  });
  return { problem, flows, candidates };
}

function drafted(
  { derivation, facts, difference, composition, revision }: PlanInput,
  view: ComposedView,
  flows: Flows | null,
  placed: readonly Placed[],
  candidates: readonly PlanCandidate[],
): PlanDecision {
  const { org, env, wanted } = derivation.value;
  const cost = costOf(view, placed, facts.value);
  const listeners = listenersOf(view, placed);
  const { snapshot, seeds = [] } = revision?.value ?? {};
  const words = { seeds, applied: facts.value.applied ?? [], ...(snapshot === undefined ? {} : { snapshot }) };
  const { runtime } = facts.value;
  const { jobs, omitted } = jobsOf(view, placed, { listeners: listeners.length, words, runtime });
  const plan: Plan = {
    org,
    env,
    wanted,
    engine,
    derivation: derivation.digest,
    difference: difference.digest,
    composition: composition.digest,
    placements: pricedPlacements(placed, cost),
    contextEdges: contextEdgesOf(view, flows, placed),
    listeners,
    jobs,
    omittedJobs: omitted,
    specs: startedSpecs(view, placed),
    cost,
    candidates,
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
