import { compareText } from '@microstax/model/compare';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import { type AdjacentRows, rowAt, rowsOfPairs } from './adjacent-rows.ts';
import { SparseRows } from './sparse-rows.ts';

/** An effective graph with its names as dense ids. */
export type IndexedGraph = {
  /** Dependencies between its services and all names that they depend on, declared or not. */
  readonly rows: SparseRows;
  /** By id: the service, undefined for a name that nobody declares. */
  readonly services: readonly (EffectiveService | undefined)[];
  /** What it was made from; null where it was numbered alone. */
  readonly origin: Origin | null;
};

export type Origin = {
  readonly base: IndexedGraph;
  /** Ids here by ids there. */
  readonly moved: Int32Array;
  /** Ids here of services that are not as they are there, or no more. */
  readonly touched: readonly number[];
};

/**
 * Numbers the names of a graph, once for each: a graph never changes. Given what it derives from, only what differs is
 * looked at by name, and the other rows are taken over as numbers.
 */
export function indexed(graph: EffectiveGraph, from: EffectiveGraph | null = null): IndexedGraph {
  const before = known.get(graph);
  if (before !== undefined) return before;
  const index = from === null ? indexedAlone(graph) : indexedOver(indexed(from), graph);
  known.set(graph, index);
  return index;
}

// It holds what lives as long as the graph itself and nothing longer.
const known = new WeakMap<EffectiveGraph, IndexedGraph>();

function indexedAlone({ services }: EffectiveGraph): IndexedGraph {
  const declared = services.map(({ name }) => name);
  const stray = namesOutside(new Set(declared), services);
  const names = stray.length === 0 ? declared : [...declared, ...stray].sort(compareText);
  const ids = new Map(names.map((name, id) => [name, id]));
  let edges = 0;
  for (const { spec } of services) edges += spec.dependsOn.length;
  const [from, to] = [new Int32Array(edges), new Int32Array(edges)];
  let edge = 0;
  for (const { name, spec } of services) {
    const id = ids.get(name) as number;
    for (const { service } of spec.dependsOn) {
      from[edge] = id;
      to[edge++] = ids.get(service) as number;
    }
  }
  const rows = new SparseRows(names, rowsOfPairs({ from, to }, names.length), ids);
  return { rows, services: inPlaces(names, services), origin: null };
}

function indexedOver(base: IndexedGraph, { services }: EffectiveGraph): IndexedGraph {
  const own = ownOf(base, services);
  const news = namesOutside(base.rows.ids, own, true);
  const { names, moved } = mergedNames(base.rows, news);
  const placed = inPlaces(names, services);
  const ids = news.length === 0 ? base.rows.ids : undefined;
  const newIds = new Map(news.map((name) => [name, positionOf(names, name)]));
  const idOf = (name: string): number => newIds.get(name) ?? (moved[base.rows.idOf(name) as number] as number);
  const ownRows = new Map(own.map((service) => [idOf(service.name), ownRow(service, idOf)]));
  const rows = new SparseRows(names, joinedRows(base, { moved, placed, ownRows }), ids);
  const touched = [...ownRows.keys(), ...goneFrom(base, moved, placed)];
  return { rows, services: placed, origin: { base, moved, touched } };
}

function goneFrom({ services }: IndexedGraph, moved: Int32Array, placed: IndexedGraph['services']): number[] {
  const gone: number[] = [];
  services.forEach((service, old) => {
    const id = moved[old] as number;
    if (service !== undefined && placed[id] === undefined) gone.push(id);
  });
  return gone;
}

/** Services that are not as the base has them. */
function ownOf({ rows, services: inherited }: IndexedGraph, services: readonly EffectiveService[]): EffectiveService[] {
  const own: EffectiveService[] = [];
  let id = 0;
  for (const service of services) {
    while (id < rows.size && (rows.names[id] as string) < service.name) id++;
    if (inherited[id]?.spec !== service.spec) own.push(service);
  }
  return own;
}

/** Names that these services depend on, and with `declared` their own, that are not among the known ones; sorted. */
function namesOutside(
  names: ReadonlySet<string> | ReadonlyMap<string, unknown>,
  services: readonly EffectiveService[],
  declared = false,
): string[] {
  const outside = new Set<string>();
  for (const { name, spec } of services) {
    if (declared && !names.has(name)) outside.add(name);
    for (const { service } of spec.dependsOn) if (!names.has(service)) outside.add(service);
  }
  return [...outside].sort(compareText);
}

/** All names in order, and where each of the base is among them. */
function mergedNames({ names }: SparseRows, news: readonly string[]): { names: readonly string[]; moved: Int32Array } {
  const moved = new Int32Array(names.length);
  if (news.length === 0) return { names, moved: moved.map((_, id) => id) };
  const merged: string[] = [];
  let next = 0;
  for (let id = 0; id < names.length; id++) {
    const name = names[id] as string;
    while (next < news.length && (news[next] as string) < name) merged.push(news[next++] as string);
    moved[id] = merged.length;
    merged.push(name);
  }
  merged.push(...news.slice(next));
  return { names: merged, moved };
}

function positionOf(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function ownRow({ spec }: EffectiveService, idOf: (name: string) => number): Int32Array {
  return Int32Array.from(new Set(spec.dependsOn.map(({ service }) => idOf(service)))).sort();
}

type Joined = {
  readonly moved: Int32Array;
  readonly placed: readonly (EffectiveService | undefined)[];
  readonly ownRows: ReadonlyMap<number, Int32Array>;
};

/** Moving keeps an order, so rows that are taken over stay sorted. */
function joinedRows(base: IndexedGraph, { moved, placed, ownRows }: Joined): AdjacentRows {
  const size = placed.length;
  let room = base.rows.targets.ids.length;
  for (const row of ownRows.values()) room += row.length;
  const offsets = new Int32Array(size + 1);
  const ids = new Int32Array(room);
  let kept = 0;
  let old = 0;
  for (let id = 0; id < size; id++) {
    const inherited = old < moved.length && moved[old] === id ? old++ : -1;
    const own = ownRows.get(id);
    if (own !== undefined) {
      ids.set(own, kept);
      kept += own.length;
    } else if (placed[id] !== undefined)
      for (const target of rowAt(base.rows.targets, inherited)) ids[kept++] = moved[target] as number;
    offsets[id + 1] = kept;
  }
  return { offsets, ids: ids.subarray(0, kept) };
}

/** Both are in the order of names. */
function inPlaces(
  names: readonly string[],
  services: readonly EffectiveService[],
): readonly (EffectiveService | undefined)[] {
  if (names.length === services.length) return services;
  let next = 0;
  return names.map((name) => (services[next]?.name === name ? services[next++] : undefined));
}
