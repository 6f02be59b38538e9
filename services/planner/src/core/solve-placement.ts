import { localNode } from './implications.ts';
import { minimumCut, type Network, sink, source } from './minimum-cut.ts';
import { bridgeNode, type PlacementProblem } from './placement-problem.ts';

/** Whole micro-dollars over the expected hours; their sum is a safe integer. */
export type Weights = {
  /** By service: what it costs to run here. */
  readonly local: Float64Array;
  /** By service: what it costs not to run here, where something prefers that it does. */
  readonly remote: Float64Array;
  /** By the number of a pair price. */
  readonly pairs: readonly number[];
};

export type Question = {
  readonly problem: PlacementProblem;
  readonly weights: Weights;
  /** 1 for each l and m that follows from the facts. */
  readonly holds: (node: number) => boolean;
  /** Whether a service cannot run here. */
  readonly forbidden: (service: number) => boolean;
};

/** Which l and m hold, and which bridges are needed: by node. */
export type Assignment = Uint8Array;

/**
 * The assignment that satisfies every implication at the least price; of several the least local one, which is unique.
 * Only nodes that may be worth it enter the network: a node whose whole incoming price is no more than its own is never
 * part of the least answer, unless it follows from one that is.
 */
export function solvePlacement(question: Question): Assignment {
  const { problem, holds } = question;
  const nodes = 3 * problem.services;
  const assignment = new Uint8Array(nodes);
  for (let node = 0; node < 2 * problem.services; node += 1) if (holds(node)) assignment[node] = 1;
  const search = new WorthwhileSearch(question, assignment);
  const entered = search.run();
  if (entered.length === 0) return assignment;
  const { sourceSide } = minimumCut(networkOf(question, assignment, entered, search.fromFacts));
  entered.forEach((node, at) => {
    if (sourceSide[at + 2] === 1) assignment[node] = 1;
  });
  return assignment;
}

/** What an assignment costs: what the cut is minimal in, evaluated anew. */
export function priceOfAssignment(
  { problem, weights }: Pick<Question, 'problem' | 'weights'>,
  holds: Assignment,
): number {
  let micros = 0;
  for (let service = 0; service < problem.services; service += 1)
    micros += (holds[localNode(service)] === 1 ? weights.local : weights.remote)[service] as number;
  const { starts, heads, labels } = problem.priced;
  for (let node = 0; node < 3 * problem.services; node += 1) {
    if (holds[node] === 0) continue;
    for (let arc = starts[node] as number; arc < (starts[node + 1] as number); arc += 1)
      if (holds[heads[arc] as number] === 0) micros += weights.pairs[labels[arc] as number] as number;
  }
  return micros;
}

/** Which nodes may hold beside those that follow from the facts. */
class WorthwhileSearch {
  /** Prices that nodes of the facts pay for each node that does not hold. */
  readonly fromFacts: Float64Array;
  readonly #question: Question;
  readonly #assignment: Assignment;
  readonly #incoming: Float64Array;
  readonly #state: Uint8Array;
  readonly #open: number[] = [];
  readonly #entered: number[] = [];

  constructor(question: Question, assignment: Assignment) {
    this.#question = question;
    this.#assignment = assignment;
    this.#incoming = new Float64Array(assignment.length);
    this.#state = new Uint8Array(assignment.length);
    this.fromFacts = new Float64Array(assignment.length);
  }

  run(): readonly number[] {
    const { services } = this.#question.problem;
    const facts: number[] = [];
    for (let node = 0; node < 2 * services; node += 1) if (this.#assignment[node] === 1) facts.push(node);
    for (const node of facts) this.#spread(node, true);
    for (let node = 2 * services; node < 3 * services; node += 1)
      if (this.#assignment[node] === 1) this.#spread(node, true);
    for (let service = 0; service < services; service += 1) {
      const preferred = this.#question.weights.remote[service] as number;
      if (preferred > 0) this.#pay(localNode(service), preferred, true);
    }
    for (let node = this.#open.pop(); node !== undefined; node = this.#open.pop()) {
      this.#entered.push(node);
      this.#spread(node, false);
    }
    return this.#entered.sort((a, b) => a - b);
  }

  #spread(node: number, isFact: boolean): void {
    const { problem, weights } = this.#question;
    const { services, bridged, priced, implications } = problem;
    const isVariable = node < 2 * services;
    if (!isFact && isVariable)
      for (let arc = implications.starts[node] as number; arc < (implications.starts[node + 1] as number); arc += 1)
        this.#enter(implications.heads[arc] as number);
    if (isVariable && node % 2 === 0) {
      const service = node >> 1;
      for (let arc = bridged.starts[service] as number; arc < (bridged.starts[service + 1] as number); arc += 1) {
        const bridge = bridgeNode(services, bridged.heads[arc] as number);
        if (isFact) this.#assignment[bridge] = 1;
        else this.#enter(bridge);
      }
    }
    for (let arc = priced.starts[node] as number; arc < (priced.starts[node + 1] as number); arc += 1)
      this.#pay(priced.heads[arc] as number, weights.pairs[priced.labels[arc] as number] as number, isFact);
  }

  #pay(node: number, micros: number, isFact: boolean): void {
    if (micros === 0 || this.#assignment[node] === 1) return;
    if (isFact) this.fromFacts[node] = (this.fromFacts[node] as number) + micros;
    const total = (this.#incoming[node] as number) + micros;
    this.#incoming[node] = total;
    if (total > ownPrice(this.#question, node)) this.#enter(node);
  }

  #enter(node: number): void {
    if (this.#assignment[node] === 1 || this.#state[node] === 1) return;
    this.#state[node] = 1;
    this.#open.push(node);
  }
}

/** What a node costs by itself: only l has a price of its own, and none is high enough where it is forbidden. */
function ownPrice({ weights, forbidden, problem }: Question, node: number): number {
  if (node >= 2 * problem.services || node % 2 === 1) return 0;
  return forbidden(node >> 1) ? Number.POSITIVE_INFINITY : (weights.local[node >> 1] as number);
}

function networkOf(
  question: Question,
  assignment: Assignment,
  entered: readonly number[],
  fromFacts: Float64Array,
): Network {
  const { problem, weights } = question;
  const { services, implications, bridged, priced } = problem;
  const places = new Int32Array(assignment.length).fill(sink);
  for (let node = 0; node < assignment.length; node += 1) if (assignment[node] === 1) places[node] = source;
  entered.forEach((node, at) => {
    places[node] = at + 2;
  });
  const arcs = new ArcList();
  for (const node of entered) {
    const tail = places[node] as number;
    arcs.add(source, tail, fromFacts[node] as number);
    arcs.add(tail, sink, ownPrice(question, node));
    if (node < 2 * services)
      for (let arc = implications.starts[node] as number; arc < (implications.starts[node + 1] as number); arc += 1)
        arcs.add(tail, places[implications.heads[arc] as number] as number, Number.POSITIVE_INFINITY);
    if (node < 2 * services && node % 2 === 0) {
      const service = node >> 1;
      for (let arc = bridged.starts[service] as number; arc < (bridged.starts[service + 1] as number); arc += 1) {
        const bridge = bridgeNode(services, bridged.heads[arc] as number);
        arcs.add(tail, places[bridge] as number, Number.POSITIVE_INFINITY);
      }
    }
    for (let arc = priced.starts[node] as number; arc < (priced.starts[node + 1] as number); arc += 1) {
      const price = weights.pairs[priced.labels[arc] as number] as number;
      arcs.add(tail, places[priced.heads[arc] as number] as number, price);
    }
  }
  return arcs.sealed(entered.length + 2);
}

/** What the source reaches for nothing is never cut, nor is what leads to the source. */
class ArcList {
  readonly #tails: number[] = [];
  readonly #heads: number[] = [];
  readonly #capacities: number[] = [];

  add(tail: number, head: number, capacity: number): void {
    if (head === source || capacity === 0) return;
    this.#tails.push(tail);
    this.#heads.push(head);
    this.#capacities.push(capacity);
  }

  sealed(nodes: number): Network {
    return {
      nodes,
      arcs: this.#tails.length,
      tails: Int32Array.from(this.#tails),
      heads: Int32Array.from(this.#heads),
      capacities: Float64Array.from(this.#capacities),
    };
  }
}
