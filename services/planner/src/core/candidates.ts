import type { Finding } from '@microstax/model/finding';
import type { CandidateName, PlacementReason, PlanCandidate } from '@microstax/model/plan';
import { type ComposedView, nameAt } from './composed-view.ts';
import { localNode } from './implications.ts';
import { counted, listed } from './listed.ts';
import { bridgeNode } from './placement-problem.ts';
import { type Setting, type Solution, type Solved, solve, withReasons } from './solution.ts';
import { priceOfAssignment, type Weights } from './solve-placement.ts';
import type { Veto } from './verdicts.ts';

/** A candidate with what it would place, before one of them is chosen. */
export type Candidate = {
  readonly name: CandidateName;
  /** null where the requirements contradict each other for this candidate. */
  readonly solution: Solution | null;
  readonly microsPerHour: number | null;
  readonly objectiveMicros: number | null;
  readonly localServices: readonly string[];
  /** Why it is not for us: a contradiction, a veto, a budget. */
  readonly against: string | null;
};

export type CandidateInput = Setting & {
  readonly money: Weights;
  readonly balance: Weights;
  /** Money of each service an hour, and of a bridge. */
  readonly hourly: { readonly services: Float64Array; readonly bridge: number };
  readonly budgetMicrosPerHour: number | undefined;
  readonly vetoes: readonly Veto[];
};

export type Candidates =
  | { readonly kind: 'candidates'; readonly all: readonly Candidate[]; readonly chosen: Candidate }
  | { readonly kind: 'contradiction'; readonly findings: readonly Finding[] };

/** In the order in which they are preferred: what weighs everything first, then what costs least. */
const preference: readonly CandidateName[] = ['balanced', 'cheapest', 'safest', 'isolated'];

/**
 * All candidates under the same constraints, and the one that wins: the first by preference that no policy vetoes and
 * the budget covers; where none is, the cheapest, so that the validator can say what it would cost.
 */
export function candidatesOf(input: CandidateInput): Candidates {
  const balanced = solve(input, input.balance);
  if (balanced.kind === 'contradiction') return balanced;
  const also = (reasonOf: Parameters<typeof withReasons>[1]): Solved =>
    solve({ ...input, requirements: withReasons(input.requirements, reasonOf) }, input.balance);
  const all = [
    candidate(input, 'cheapest', solve(input, input.money, balanced.solution.forced)),
    candidate(input, 'balanced', balanced),
    candidate(input, 'safest', also(impacted(input.view))),
    candidate(input, 'isolated', also(copied(input.view))),
  ];
  const byPreference = preference.flatMap((name) => all.filter((one) => one.name === name));
  const chosen = byPreference.find(({ against }) => against === null) ?? (all[0] as Candidate);
  return { kind: 'candidates', all, chosen };
}

/** Winner and losers for the plan, each with its price and the rule that decided. */
export function explainCandidates(view: ComposedView, all: readonly Candidate[], chosen: Candidate): PlanCandidate[] {
  return all.map((one) => ({
    name: one.name,
    chosen: one === chosen,
    feasible: one.against === null,
    microsPerHour: one.microsPerHour,
    objectiveMicros: one.objectiveMicros,
    localServices: one.solution === null ? null : one.localServices.length,
    reason: one === chosen ? whyChosen(view, one) : whyNot(one, chosen),
  }));
}

function candidate(input: CandidateInput, name: CandidateName, solved: Solved): Candidate {
  if (solved.kind === 'contradiction') {
    const against = solved.findings[0]?.reason ?? 'its requirements contradict each other';
    return { name, solution: null, microsPerHour: null, objectiveMicros: null, localServices: [], against };
  }
  const { solution } = solved;
  const microsPerHour = moneyOf(input, solution);
  const objectiveMicros = priceOfAssignment({ problem: input.problem, weights: input.balance }, solution.holds);
  const localServices = localNames(input.view, solution);
  const against = objection(input, name, microsPerHour);
  return { name, solution, microsPerHour, objectiveMicros, localServices, against };
}

function objection(
  { vetoes, budgetMicrosPerHour }: CandidateInput,
  name: CandidateName,
  micros: number,
): string | null {
  const veto = vetoes.find(({ candidate: vetoed }) => vetoed === name);
  if (veto !== undefined) return `policy "${veto.policy}" vetoes it: ${veto.message}`;
  if (budgetMicrosPerHour === undefined || micros <= budgetMicrosPerHour) return null;
  return `it costs ${micros} micro-dollars an hour, ${micros - budgetMicrosPerHour} over the budget of ${budgetMicrosPerHour}`;
}

/** Money alone: what the plan's cost will say. */
function moneyOf({ problem, hourly }: CandidateInput, { holds }: Solution): number {
  const { services } = problem;
  let micros = 0;
  for (let service = 0; service < services; service += 1) {
    if (holds[localNode(service)] === 1) micros += hourly.services[service] as number;
    else if (holds[bridgeNode(services, service)] === 1) micros += hourly.bridge;
  }
  return micros;
}

function localNames(view: ComposedView, { holds }: Solution): string[] {
  return view.services.flatMap(({ name }, index) => (holds[localNode(index)] === 1 ? [name] : []));
}

function impacted(view: ComposedView) {
  return (index: number): PlacementReason | null => {
    const { state = 'unchanged', path } = view.differences[index] ?? {};
    if (state === 'unchanged' || state === 'removed') return null;
    const name = nameAt(view, index);
    const way = path === undefined || path.length < 2 ? '' : `: ${path.join(' -> ')}`;
    return { code: 'impacted', text: `${name} runs here because a change can reach it${way}` };
  };
}

function copied(view: ComposedView) {
  return (index: number): PlacementReason => ({
    code: 'isolated',
    text: `${nameAt(view, index)} runs here because everything does that can`,
  });
}

const objectives: Readonly<Record<CandidateName, string>> = {
  cheapest: 'the least money an hour that satisfies every requirement',
  balanced: 'the least price of money, start-up, routing and shared writes that satisfies every requirement',
  safest: 'everything that a change can reach',
  isolated: 'a copy of everything that can run here',
};

function whyChosen(view: ComposedView, { name, localServices, against }: Candidate): string {
  const share = `${localServices.length} of ${counted(view.services.length, 'service')} here`;
  const text = `${objectives[name]}: ${share}`;
  return against === null ? text : `${text}; no candidate is left, and of this one ${against}`;
}

function whyNot(one: Candidate, chosen: Candidate): string {
  if (one.against !== null) return one.against;
  const here = new Set(chosen.localServices);
  const more = one.localServices.filter((name) => !here.has(name));
  const fewer = chosen.localServices.length + more.length - one.localServices.length;
  if (more.length === 0 && fewer === 0) return `it places every service as ${chosen.name} does`;
  const price = difference((one.objectiveMicros ?? 0) - (chosen.objectiveMicros ?? 0));
  const runs = more.length > 0 ? `runs ${listed(more)} here too` : `runs ${counted(fewer, 'service')} fewer here`;
  return `it ${runs} and its price over the expected hours, weights included, is ${price}`;
}

function difference(micros: number): string {
  return micros < 0 ? `${-micros} micro-dollars lower` : `${micros} micro-dollars higher`;
}
