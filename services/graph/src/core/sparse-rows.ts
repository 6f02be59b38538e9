import { compareText } from '@microstax/model/compare';

/** From a name to a name that it depends on. */
export type Edge = readonly [from: string, to: string];

export type ReachOptions = {
  /** `targets` follows edges to what is depended on, `sources` goes back to what depends. */
  readonly along: 'targets' | 'sources';
  /** Farther than this is not searched; without it everything that can be reached. */
  readonly hops?: number;
};

/** What a search found, nearest first; three parallel columns. */
export type Reach = {
  readonly ids: Int32Array;
  readonly hops: Int32Array;
  /** The id one hop nearer to a start, the smallest of several; -1 for a start itself. */
  readonly before: Int32Array;
};

/** Component numbers by id: what a component depends on has a smaller number. */
export type Components = { readonly count: number; readonly of: Int32Array };

/**
 * A directed graph in compressed sparse rows. Owns: dense ids, both adjacencies, scratch marks. Does not own: what a
 * node means.
 * 1. Ids are positions in the sorted names, so id order is name order and no answer depends on insertion.
 * 2. Every row is sorted and holds no id twice.
 * 3. A mark counts only while it equals the search's epoch, so nothing is cleared between searches.
 */
export class SparseRows {
  readonly names: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #targets: Rows;
  readonly #sources: Rows;
  readonly #marks: Int32Array;
  readonly #hops: Int32Array;
  readonly #before: Int32Array;
  #epoch = 0;

  /** Repeated names and edges count once; an edge from or to a name that is not given is left out. */
  constructor(names: Iterable<string>, edges: Iterable<Edge>) {
    this.names = [...new Set(names)].sort(compareText);
    this.#ids = new Map(this.names.map((name, id) => [name, id]));
    const pairs = sortedPairs(edges, this.#ids);
    this.#targets = rowsOf(pairs, this.names.length);
    this.#sources = rowsOf(reversed(pairs, this.names.length), this.names.length);
    this.#marks = new Int32Array(this.names.length);
    this.#hops = new Int32Array(this.names.length);
    this.#before = new Int32Array(this.names.length);
  }

  get size(): number {
    return this.names.length;
  }

  idOf(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** Ids that this one depends on, ascending; a view, not a copy. */
  targetsOf(id: number): Int32Array {
    return rowAt(this.#targets, id);
  }

  /** Ids that depend on this one, ascending; a view, not a copy. */
  sourcesOf(id: number): Int32Array {
    return rowAt(this.#sources, id);
  }

  /** Breadth first from all starts at once, with the distance and the way back to the nearest start. */
  reach(starts: Iterable<number>, { along, hops = Number.POSITIVE_INFINITY }: ReachOptions): Reach {
    const { offsets, ids } = along === 'targets' ? this.#targets : this.#sources;
    const [marks, distance, before, epoch] = [this.#marks, this.#hops, this.#before, this.#nextEpoch()];
    const queue: number[] = [];
    for (const start of starts) {
      if (marks[start] === epoch) continue;
      marks[start] = epoch;
      distance[start] = 0;
      before[start] = -1;
      queue.push(start);
    }
    for (let head = 0; head < queue.length; head++) {
      const id = queue[head] as number;
      const next = at(distance, id) + 1;
      if (next > hops) break;
      for (let slot = at(offsets, id); slot < at(offsets, id + 1); slot++) {
        const neighbour = at(ids, slot);
        if (marks[neighbour] !== epoch) {
          marks[neighbour] = epoch;
          distance[neighbour] = next;
          before[neighbour] = id;
          queue.push(neighbour);
        } else if (distance[neighbour] === next && id < at(before, neighbour)) before[neighbour] = id;
      }
    }
    const found = Int32Array.from(queue);
    return { ids: found, hops: found.map((id) => at(distance, id)), before: found.map((id) => at(before, id)) };
  }

  /** Strongly connected components, by Tarjan without recursion: a deep chain must not overflow the stack. */
  components(): Components {
    const { offsets, ids } = this.#targets;
    const size = this.size;
    const of = new Int32Array(size).fill(-1);
    const order = new Int32Array(size).fill(-1);
    const low = new Int32Array(size);
    const slots = new Int32Array(size);
    const open: number[] = [];
    const path: number[] = [];
    let seen = 0;
    let count = 0;
    const enter = (id: number): void => {
      order[id] = seen;
      low[id] = seen++;
      slots[id] = at(offsets, id);
      open.push(id);
      path.push(id);
    };
    for (let root = 0; root < size; root++) {
      if (order[root] !== -1) continue;
      enter(root);
      for (let id = path.at(-1); id !== undefined; id = path.at(-1)) {
        const slot = at(slots, id);
        if (slot < at(offsets, id + 1)) {
          slots[id] = slot + 1;
          const target = at(ids, slot);
          if (order[target] === -1) enter(target);
          else if (of[target] === -1) low[id] = Math.min(at(low, id), at(order, target));
          continue;
        }
        path.pop();
        const caller = path.at(-1);
        if (caller !== undefined) low[caller] = Math.min(at(low, caller), at(low, id));
        if (low[id] !== order[id]) continue;
        let member: number | undefined;
        do {
          member = open.pop() as number;
          of[member] = count;
        } while (member !== id);
        count++;
      }
    }
    return { count, of };
  }

  /**
   * Topological generations by id: 0 depends on nothing, every other is one above the highest it depends on. The
   * members of a cycle share one.
   */
  generations(): Int32Array {
    const { count, of } = this.components();
    const byComponent = Int32Array.from(of.keys()).sort((a, b) => at(of, a) - at(of, b) || a - b);
    const generation = new Int32Array(count);
    for (const id of byComponent) {
      const own = at(of, id);
      for (const target of this.targetsOf(id)) {
        const other = at(of, target);
        if (other !== own) generation[own] = Math.max(at(generation, own), at(generation, other) + 1);
      }
    }
    return of.map((component) => at(generation, component));
  }

  #nextEpoch(): number {
    this.#epoch += 1;
    return this.#epoch;
  }
}

type Rows = { readonly offsets: Int32Array; readonly ids: Int32Array };

/** One number per edge, `from × size + to`: typed arrays sort numbers without a comparator. */
function sortedPairs(edges: Iterable<Edge>, ids: ReadonlyMap<string, number>): Float64Array {
  const pairs: number[] = [];
  for (const [fromName, toName] of edges) {
    const from = ids.get(fromName);
    const to = ids.get(toName);
    if (from !== undefined && to !== undefined) pairs.push(from * ids.size + to);
  }
  const sorted = Float64Array.from(pairs).sort();
  return sorted.filter((pair, index) => index === 0 || pair !== sorted[index - 1]);
}

function reversed(pairs: Float64Array, size: number): Float64Array {
  return pairs.map((pair) => (pair % size) * size + Math.floor(pair / size)).sort();
}

function rowsOf(pairs: Float64Array, size: number): Rows {
  const offsets = new Int32Array(size + 1);
  const ids = new Int32Array(pairs.length);
  pairs.forEach((pair, index) => {
    ids[index] = pair % size;
    offsets[Math.floor(pair / size) + 1] = index + 1;
  });
  for (let id = 1; id <= size; id++) offsets[id] = Math.max(at(offsets, id), at(offsets, id - 1));
  return { offsets, ids };
}

function rowAt({ offsets, ids }: Rows, id: number): Int32Array {
  return ids.subarray(at(offsets, id), at(offsets, id + 1));
}

/** Positions here are ids and offsets that the constructor made: always in range. */
function at(numbers: Int32Array, index: number): number {
  return numbers[index] as number;
}
