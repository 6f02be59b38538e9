import type { Finding } from '@microstax/model/finding';
import type { PlacementReason } from '@microstax/model/plan';
import { type Closure, closureOf } from './closure.ts';
import type { ComposedView } from './composed-view.ts';
import { contradictionsOf } from './contradictions.ts';
import { contextNode, isOverridden, localNode } from './implications.ts';
import { type PlacementProblem, pairPrices } from './placement-problem.ts';
import type { Requirements } from './requirements.ts';
import { type Assignment, solvePlacement, type Weights } from './solve-placement.ts';

/** Where everything runs under one objective. */
export type Solution = {
  readonly requirements: readonly Requirements[];
  readonly weights: Weights;
  /** By node: l, m and bridges. */
  readonly holds: Assignment;
  /** What follows from the facts alone. */
  readonly forced: Closure;
};

/** What decided a solution. */
export type Certificate = {
  /** What follows from what: facts are distance 0, and so is what is local because of its price. */
  readonly because: Closure;
  /** By service and pair price: what is paid because it is remote, or would be if it were. */
  readonly stakes: Stakes;
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
 * the shortest chain of requirements (design 5.3). A closure of the same requirements may be given.
 */
export function solve({ view, problem, requirements }: Setting, weights: Weights, known?: Closure): Solved {
  const forced = known ?? chainsFrom(problem, requirements, factsOf(view, requirements));
  const findings = contradictionsOf(view, requirements, forced);
  if (findings.length > 0) return { kind: 'contradiction', findings };
  const forbidden = (service: number): boolean =>
    isForbidden(requirements, service) || requirements[service]?.absent !== null;
  const holds = solvePlacement({ problem, weights, holds: (node) => forced.holds(node), forbidden });
  return { kind: 'solved', solution: { requirements, weights, holds, forced } };
}

/** Why a solution is what it is: chains of implications, and the prices at stake on both sides of the cut. */
export function certificateOf(view: ComposedView, problem: PlacementProblem, solution: Solution): Certificate {
  const { requirements, weights, holds, forced } = solution;
  const stakes = stakesOf(problem, weights, holds);
  const chosen: number[] = [];
  for (let service = 0; service < problem.services; service += 1) {
    const node = localNode(service);
    if (holds[node] === 1 && !forced.holds(node) && stakes.total(service) > 0) chosen.push(node);
  }
  if (chosen.length === 0) return { because: forced, stakes };
  return { because: chainsFrom(problem, requirements, [...factsOf(view, requirements), ...chosen]), stakes };
}

function chainsFrom(
  { services, implications }: PlacementProblem,
  requirements: readonly Requirements[],
  facts: readonly number[],
): Closure {
  const stops = (node: number): boolean => node % 2 === 0 && isForbidden(requirements, node >> 1);
  return closureOf({ nodes: 2 * services, implications, facts, stops });
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
  /** Local services that depend on it. */
  payers(service: number): readonly number[];
};

function stakesOf({ services, priced, bridged }: PlacementProblem, weights: Weights, holds: Assignment): Stakes {
  const kinds = pairPrices.length;
  const micros = new Float64Array(services * kinds);
  for (let node = 0; node < 3 * services; node += 1) {
    if (holds[node] === 0) continue;
    for (let arc = priced.starts[node] as number; arc < (priced.starts[node + 1] as number); arc += 1) {
      const price = priced.labels[arc] as number;
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
        if (holds[localNode(other)] === 1 && dependsOn(bridged, other, service)) found.push(other);
      return found;
    },
  };
}

function dependsOn({ starts, heads }: PlacementProblem['bridged'], from: number, to: number): boolean {
  for (let arc = starts[from] as number; arc < (starts[from + 1] as number); arc += 1)
    if (heads[arc] === to) return true;
  return false;
}
