/** A directed network on typed arrays; capacities are whole numbers or `Infinity`. Node 0 is the source, node 1 the sink. */
export type Network = {
  readonly nodes: number;
  readonly arcs: number;
  readonly tails: Int32Array;
  readonly heads: Int32Array;
  readonly capacities: Float64Array;
};

export type MinimumCut = {
  /** The sum of the capacities that are cut. */
  readonly value: number;
  /** 1 for each node on the source's side: of several minimum cuts the one with the fewest, which is unique. */
  readonly sourceSide: Uint8Array;
};

export const source = 0;
export const sink = 1;

/**
 * An exact minimum cut by Dinic's blocking flows, without recursion. Levels are distances to the sink, so a search meets
 * only nodes that lead there. Exact while the sum of all finite capacities is a safe integer; throws where the sink is
 * reached over infinite capacities alone, because the caller finds such contradictions first.
 */
export function minimumCut(network: Network): MinimumCut {
  const residual = residualOf(network);
  const levels = new Int32Array(network.nodes);
  const current = new Int32Array(network.nodes);
  const queue = new Int32Array(network.nodes);
  const path = new Int32Array(network.nodes);
  let value = 0;
  while (levelled(residual, levels, queue)) {
    current.set(residual.rows.subarray(0, network.nodes));
    value += blockingFlow(residual, levels, current, path);
    if (value === Number.POSITIVE_INFINITY) throw new Error('Cannot cut a network: its sink follows from its source');
  }
  return { value, sourceSide: reachedFromSource(residual, queue) };
}

/** Arcs by tail, each beside its reverse: `partners[arc]` is the arc back. */
type Residual = {
  readonly nodes: number;
  readonly rows: Int32Array;
  readonly heads: Int32Array;
  readonly partners: Int32Array;
  readonly left: Float64Array;
};

function residualOf({ nodes, arcs, tails, heads, capacities }: Network): Residual {
  const rows = new Int32Array(nodes + 1);
  for (let arc = 0; arc < arcs; arc += 1) {
    add(rows, (tails[arc] as number) + 1, 1);
    add(rows, (heads[arc] as number) + 1, 1);
  }
  for (let node = 0; node < nodes; node += 1) add(rows, node + 1, rows[node] as number);
  const next = rows.slice(0, nodes);
  const to = new Int32Array(2 * arcs);
  const partners = new Int32Array(2 * arcs);
  const left = new Float64Array(2 * arcs);
  for (let arc = 0; arc < arcs; arc += 1) {
    const tail = tails[arc] as number;
    const head = heads[arc] as number;
    const there = add(next, tail, 1);
    const back = add(next, head, 1);
    to[there] = head;
    to[back] = tail;
    partners[there] = back;
    partners[back] = there;
    left[there] = capacities[arc] as number;
  }
  return { nodes, rows, heads: to, partners, left };
}

/** Distances to the sink, breadth first against the arcs that have something left; whether the source has one. */
function levelled({ rows, heads, partners, left }: Residual, levels: Int32Array, queue: Int32Array): boolean {
  levels.fill(-1);
  levels[sink] = 0;
  queue[0] = sink;
  for (let at = 0, end = 1; at < end; at += 1) {
    const node = queue[at] as number;
    const level = (levels[node] as number) + 1;
    for (let arc = rows[node] as number; arc < (rows[node + 1] as number); arc += 1) {
      const tail = heads[arc] as number;
      if (levels[tail] !== -1 || left[partners[arc] as number] === 0) continue;
      levels[tail] = level;
      if (tail === source) continue; // nothing behind the source is on a shortest way
      queue[end++] = tail;
    }
  }
  return levels[source] !== -1;
}

/** Augments along shortest ways until none is left; `current` remembers which arcs of a node are spent. */
function blockingFlow(residual: Residual, levels: Int32Array, current: Int32Array, path: Int32Array): number {
  const { rows, heads, partners, left } = residual;
  let total = 0;
  let depth = 0;
  let node = source;
  for (;;) {
    if (node === sink) {
      const { amount, cutAt } = augment(path, depth, residual);
      total += amount;
      if (amount === Number.POSITIVE_INFINITY) return total;
      depth = cutAt;
      node = heads[partners[path[depth] as number] as number] as number;
      continue;
    }
    const end = rows[node + 1] as number;
    const below = (levels[node] as number) - 1;
    let arc = current[node] as number;
    while (arc < end && (left[arc] === 0 || levels[heads[arc] as number] !== below)) arc += 1;
    current[node] = arc;
    if (arc < end) {
      path[depth++] = arc;
      node = heads[arc] as number;
      continue;
    }
    if (node === source) return total;
    depth -= 1;
    node = heads[partners[path[depth] as number] as number] as number;
    add(current, node, 1);
  }
}

/** Sends along a path what its narrowest arc holds; tells the first arc that has nothing left. */
function augment(path: Int32Array, depth: number, { left, partners }: Residual): { amount: number; cutAt: number } {
  let amount = Number.POSITIVE_INFINITY;
  for (let at = 0; at < depth; at += 1) amount = Math.min(amount, left[path[at] as number] as number);
  let cutAt = 0;
  for (let at = depth - 1; at >= 0; at -= 1) {
    const arc = path[at] as number;
    add(left, arc, -amount);
    add(left, partners[arc] as number, amount);
    if (left[arc] === 0) cutAt = at;
  }
  return { amount, cutAt };
}

function reachedFromSource({ nodes, rows, heads, left }: Residual, queue: Int32Array): Uint8Array {
  const reached = new Uint8Array(nodes);
  reached[source] = 1;
  queue[0] = source;
  for (let at = 0, end = 1; at < end; at += 1) {
    const node = queue[at] as number;
    for (let arc = rows[node] as number; arc < (rows[node + 1] as number); arc += 1) {
      const head = heads[arc] as number;
      if (reached[head] === 1 || left[arc] === 0) continue;
      reached[head] = 1;
      queue[end++] = head;
    }
  }
  return reached;
}

/** Adds to an item and gives what it was. */
function add(items: Int32Array | Float64Array, at: number, amount: number): number {
  const before = items[at] as number;
  items[at] = before + amount;
  return before;
}
