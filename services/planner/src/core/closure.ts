import type { Implication, Implications } from './implications.ts';

const unreached = -2;
const fact = -1;

/** What follows from facts, and by which shortest chain. */
export type Closure = {
  holds(node: number): boolean;
  /** How many implications lie between this node and its fact. */
  distance(node: number): number;
  /** The fact that this node follows from; itself where it is one. */
  origin(node: number): number;
  /** The shortest chain from the fact to this node, in that order; only its last `lengthMax` implications. */
  chain(node: number, lengthMax: number): readonly Implication[];
};

export type ClosureInput = {
  readonly nodes: number;
  readonly implications: Implications;
  /** In the order that decides between chains of one length. */
  readonly facts: readonly number[];
  /** Nodes that cannot hold: they are reached, and nothing follows from them. */
  readonly stops: (node: number) => boolean;
};

/**
 * The least set of nodes that holds the facts and is closed under the implications: breadth first over a compressed
 * sparse row, so that every node is reached by a shortest chain, and linear in nodes and implications.
 */
export function closureOf({ nodes, implications, facts, stops }: ClosureInput): Closure {
  const { starts, heads } = implications;
  const reachedBy = new Int32Array(nodes).fill(unreached);
  const origins = new Int32Array(nodes);
  const distances = new Int32Array(nodes);
  const queue = new Int32Array(nodes);
  let tail = 0;
  const reach = (node: number, by: number, from: number): void => {
    if (reachedBy[node] !== unreached) return;
    reachedBy[node] = by;
    origins[node] = by === fact ? node : (origins[from] as number);
    distances[node] = by === fact ? 0 : (distances[from] as number) + 1;
    queue[tail++] = node;
  };
  for (const node of facts) reach(node, fact, node);
  for (let head = 0; head < tail; head += 1) {
    const node = queue[head] as number;
    if (stops(node)) continue;
    const end = starts[node + 1] as number;
    for (let arc = starts[node] as number; arc < end; arc += 1) reach(heads[arc] as number, arc, node);
  }
  return {
    holds: (node) => reachedBy[node] !== unreached,
    distance: (node) => distances[node] as number,
    origin: (node) => origins[node] as number,
    chain: (node, lengthMax) => chainTo(node, lengthMax, reachedBy, implications),
  };
}

function chainTo(
  node: number,
  lengthMax: number,
  reachedBy: Int32Array,
  implications: Implications,
): readonly Implication[] {
  const chain: Implication[] = [];
  for (let at = reachedBy[node] as number; at >= 0 && chain.length < lengthMax; ) {
    const implication = implications.at(at);
    chain.push(implication);
    at = reachedBy[implication.premise] as number;
  }
  return chain.reverse();
}
