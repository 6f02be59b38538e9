import type { Finding } from '@microstax/model/finding';
import type { PlacementReason } from '@microstax/model/plan';
import { type Closure, closureOf } from './closure.ts';
import type { ComposedView } from './composed-view.ts';
import { contradictionsOf } from './contradictions.ts';
import { contextNode, isOverridden, localNode } from './implications.ts';
import { bridgeNode, type PlacementProblem, pairPrices } from './placement-problem.ts';
import type { Requirements } from './requirements.ts';
import { inRows } from './rows.ts';
import { type Assignment, priceOfAssignment, solvePlacement, type Weights } from './solve-placement.ts';

/** Where everything runs under one objective, and what decided it. */
export type Solution = {
  readonly requirements: readonly Requirements[];
  readonly weights: Weights;
  /** By node: l, m and bridges. */
  readonly holds: Assignment;
  /** What follows from what: facts are distance 0, and so is what is local because of its price. */
  readonly because: Closure;
  /** By service and pair price: what is paid because it is remote, or would be if it were. */
  readonly stakes: Stakes;
  /** The whole price over the expected hours. */
  readonly micros: number;
};

export type Solved =
  | { readonly kind: 'solved'; readonly solution: Solution }
  | { readonly kind: 'contradiction'; readonly findings: readonly Finding[] };

export type Setting = {
  readonly view: ComposedView;
  readonly problem: PlacementProblem;
  readonly requirements: readonly Requirements[];
};

/**
 * The least local assignment at the least price. Contradictions are found by reachability before any flow, and named by
 * the shortest chain of requirements (design 5.3).
 */
export function solve({ view, problem, requirements }: Setting, weights: Weights): Solved {
  const facts = factsOf(view, requirements);
  const chains = (from: readonly number[]): Closure =>
    closureOf({
      nodes: 2 * problem.services,
      implications: problem.implications,
      facts: from,
      stops: (node) => node % 2 === 0 && isForbidden(requirements, node >> 1),
    });
  const forced = chains(facts);
  const findings = contradictionsOf(view, requirements, forced);
  if (findings.length > 0) return { kind: 'contradiction', findings };
  const forbidden = (service: number): boolean =>
    isForbidden(requirements, service) || requirements[service]?.absent !== null;
  const holds = solvePlacement({ problem, weights, holds: (node) => forced.holds(node), forbidden });
  const stakes = stakesOf(problem, weights, holds);
  const chosen = [...view.services.keys()].filter(
    (service) => holds[localNode(service)] === 1 && !forced.holds(localNode(service)) && stakes.total(service) > 0,
  );
  const because = chosen.length === 0 ? forced : chains([...facts, ...chosen.map(localNode)]);
  const micros = priceOfAssignment({ problem, weights }, holds);
  return { kind: 'solved', solution: { requirements, weights, holds, because, stakes, micros } };
}

function isForbidden(requirements: readonly Requirements[], service: number): boolean {
  return (requirements[service]?.remote.length ?? 0) > 0;
}

function factsOf(view: ComposedView, requirements: readonly Requirements[]): number[] {
  const all = [...view.services.keys()];
  const local = all.filter((index) => (requirements[index] as Requirements).local.length > 0);
  const overridden = view.derived ? all.filter((index) => isOverridden(view, index)) : [];
  return [...local.map(localNode), ...overridden.map(contextNode)].sort((a, b) => a - b);
}

/** Adds a reason to run here to the services for which there is one and that may. */
export function withReasons(
  requirements: readonly Requirements[],
  reasonOf: (service: number) => PlacementReason | null,
): readonly Requirements[] {
  return requirements.map((known, service) => {
    if (known.absent !== null || known.remote.length > 0 || known.local.length > 0) return known;
    const reason = reasonOf(service);
    return reason === null ? known : { ...known, local: [reason] };
  });
}

/** What others pay, or would, because a service is not local. */
export type Stakes = {
  total(service: number): number;
  of(service: number, price: number): number;
  /** Local services that would write to it from here, and remote callers that would have to be told the context. */
  payers(service: number): readonly number[];
};

function stakesOf(problem: PlacementProblem, weights: Weights, holds: Assignment): Stakes {
  const { services, priced, bridged } = problem;
  const kinds = pairPrices.length;
  const micros = new Float64Array(services * kinds);
  for (let node = 0; node < 3 * services; node += 1) {
    if (holds[node] === 0) continue;
    for (const arc of inRows(priced.rows, node)) {
      const price = priced.prices[arc] as number;
      const at = ((priced.heads[arc] as number) >> 1) * kinds + price;
      micros[at] = (micros[at] as number) + (weights.pairs[price] as number);
    }
  }
  const of = (service: number, price: number): number => micros[service * kinds + price] as number;
  return {
    of,
    total: (service) =>
      pairPrices.reduce((sum, _, price) => sum + of(service, price), weights.remote[service] as number),
    payers: (service) => {
      const found: number[] = [];
      for (let other = 0; other < services; other += 1)
        if (holds[localNode(other)] === 1 && bridges(bridged, other, service)) found.push(other);
      return holds[bridgeNode(services, service)] === 1 ? found : [];
    },
  };
}

function bridges({ rows, heads }: PlacementProblem['bridged'], from: number, to: number): boolean {
  for (const at of inRows(rows, from)) if (heads[at] === to) return true;
  return false;
}
