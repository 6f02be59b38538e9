import { compareText } from '@microstax/model/compare';
import { type AdjacentRows, rowAt, rowsOfPairs, turned } from './adjacent-rows.ts';
import { type Components, componentsOf, generationsOf } from './components.ts';

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

/**
 * A directed graph in compressed sparse rows. Owns: dense ids, both adjacencies, scratch marks. Does not own: what a
 * node means.
 * 1. Ids are positions in the sorted names, so id order is name order and no answer depends on insertion.
 * 2. Every row is sorted and holds no id twice.
 * 3. A mark counts only while it equals the search's epoch, so nothing is cleared between searches.
 * 4. What only some questions need, ids by name and the rows backwards, is made when the first one is asked.
 */
export class SparseRows {
  readonly names: readonly string[];
  readonly targets: AdjacentRows;
  #sources: AdjacentRows | undefined;
  #ids: ReadonlyMap<string, number> | undefined;
  #marks: Marks | undefined;

  /** Names in order, each once, and rows over their positions as point 2 says; `ids` where somebody has them already. */
  constructor(names: readonly string[], targets: AdjacentRows, ids?: ReadonlyMap<string, number>) {
    this.names = names;
    this.targets = targets;
    this.#ids = ids;
  }

  /** Repeated names and edges count once; an edge from or to a name that is not given is left out. */
  static fromEdges(names: Iterable<string>, edges: Iterable<Edge>): SparseRows {
    const sorted = [...new Set(names)].sort(compareText);
    const ids = new Map(sorted.map((name, id) => [name, id]));
    const from: number[] = [];
    const to: number[] = [];
    for (const [fromName, toName] of edges) {
      const [source, target] = [ids.get(fromName), ids.get(toName)];
      if (source === undefined || target === undefined) continue;
      from.push(source);
      to.push(target);
    }
    const pairs = { from: Int32Array.from(from), to: Int32Array.from(to) };
    return new SparseRows(sorted, rowsOfPairs(pairs, sorted.length), ids);
  }

  get size(): number {
    return this.names.length;
  }

  get ids(): ReadonlyMap<string, number> {
    this.#ids ??= new Map(this.names.map((name, id) => [name, id]));
    return this.#ids;
  }

  get sources(): AdjacentRows {
    this.#sources ??= turned(this.targets, this.size);
    return this.#sources;
  }

  idOf(name: string): number | undefined {
    return this.ids.get(name);
  }

  /** Ids that this one depends on, ascending; a view, not a copy. */
  targetsOf(id: number): Int32Array {
    return rowAt(this.targets, id);
  }

  /** Ids that depend on this one, ascending; a view, not a copy. */
  sourcesOf(id: number): Int32Array {
    return rowAt(this.sources, id);
  }

  /** Breadth first from all starts at once, with the distance and the way back to the nearest start. */
  reach(starts: Iterable<number>, { along, hops = Number.POSITIVE_INFINITY }: ReachOptions): Reach {
    const { offsets, ids } = along === 'targets' ? this.targets : this.sources;
    const { epochs, distance, before, queue, epoch } = this.#nextSearch();
    let tail = 0;
    for (const start of starts) {
      if (epochs[start] === epoch) continue;
      epochs[start] = epoch;
      distance[start] = 0;
      before[start] = -1;
      queue[tail++] = start;
    }
    for (let head = 0; head < tail; head++) {
      const id = queue[head] as number;
      const next = (distance[id] as number) + 1;
      if (next > hops) break;
      const end = offsets[id + 1] as number;
      for (let slot = offsets[id] as number; slot < end; slot++) {
        const neighbour = ids[slot] as number;
        if (epochs[neighbour] !== epoch) {
          epochs[neighbour] = epoch;
          distance[neighbour] = next;
          before[neighbour] = id;
          queue[tail++] = neighbour;
        } else if (distance[neighbour] === next && id < (before[neighbour] as number)) before[neighbour] = id;
      }
    }
    const found = queue.slice(0, tail);
    return {
      ids: found,
      hops: found.map((id) => distance[id] as number),
      before: found.map((id) => before[id] as number),
    };
  }

  /** Strongly connected components: what a component depends on has a smaller number. */
  components(): Components {
    return componentsOf(this.targets, this.size);
  }

  /**
   * Topological generations by id: 0 depends on nothing, every other is one above the highest it depends on. The
   * members of a cycle share one.
   */
  generations(): Int32Array {
    return generationsOf(this.targets, this.components());
  }

  #nextSearch(): Marks {
    const size = this.size;
    this.#marks ??= {
      epoch: 0,
      epochs: new Int32Array(size),
      distance: new Int32Array(size),
      before: new Int32Array(size),
      queue: new Int32Array(size),
    };
    this.#marks.epoch += 1;
    return this.#marks;
  }
}

type Marks = {
  epoch: number;
  readonly epochs: Int32Array;
  readonly distance: Int32Array;
  readonly before: Int32Array;
  readonly queue: Int32Array;
};
