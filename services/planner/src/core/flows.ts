import { must } from '@microstax/model/must';
import type { DependencySpec, PortProtocol } from '@microstax/model/service-spec';
import { type ComposedView, type Edge, edgeAt, nameAt } from './composed-view.ts';
import { presenceOf, type Requirements } from './requirements.ts';
import { type Rows, rowsOf } from './rows.ts';

/** A way that requests or messages travel, by index. A consumer's dependency on its queue is a flow from the queue. */
export type Flow = {
  readonly from: number;
  readonly to: number;
  readonly protocol: PortProtocol;
  /** Whether it is a consumer's: a message, which no router sees. */
  readonly message: boolean;
  /** Whether a router tells requests apart on this way, so that it can stamp what a local service sends. */
  readonly routed: boolean;
  /** Whether the context survives the way where its start is remote. */
  readonly passes: boolean;
  /** Why it does not: it is not declared to, or its start never gets the context itself. */
  readonly lost: 'undeclared' | 'not-received' | null;
  readonly edge: Edge;
};

/** All flows on typed arrays, because there may be a million; `at` shows one. In the order of names. */
export type Flows = {
  readonly length: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Which edge of the view each is. */
  readonly edges: Int32Array;
  /** Bits of `isRouted`, `isMessage`, `doesPass` and `gotNothing`. */
  readonly bits: Uint8Array;
  readonly at: (flow: number) => Flow;
};

export const isRouted = 1;
export const isMessage = 2;
export const doesPass = 4;
const gotNothing = 8;

/**
 * The flows that a request can travel: none starts at a service that is absent, none at one that no entry reaches
 * (design 5.3), and nothing starts by itself.
 */
export function flowsOf(view: ComposedView, requirements: readonly Requirements[]): Flows {
  const present = presenceOf(requirements);
  const { length, from, to, dependencies } = view.edges;
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  for (let edge = 0; edge < length; edge += 1) {
    const message = dependencies[edge]?.kind === 'consumes';
    starts[edge] = (message ? to : from)[edge] as number;
    ends[edge] = (message ? from : to)[edge] as number;
  }
  const rows = rowsOf(view.services.length, length, (edge) => starts[edge] as number);
  const called = { rows, ends };
  const reached = reachable(called, present, entriesOf(view, called, present));
  const edges = new Int32Array(length);
  let count = 0;
  for (let service = 0; service < view.services.length; service += 1) {
    if (reached[service] === 0 || !present(service)) continue;
    const first = count;
    for (let at = rows.starts[service] as number; at < (rows.starts[service + 1] as number); at += 1) {
      insert(edges, { first, end: count, edge: rows.items[at] as number, ends });
      count += 1;
    }
  }
  return tableOf(view, edges.slice(0, count), { starts, ends, present });
}

/** Keeps the edges of one start in the order of their ends; dependencies come sorted, so it seldom looks far. */
function insert(
  edges: Int32Array,
  { first, end, edge, ends }: { first: number; end: number; edge: number; ends: Int32Array },
): void {
  let at = end;
  while (at > first && (ends[edges[at - 1] as number] as number) > (ends[edge] as number)) {
    edges[at] = edges[at - 1] as number;
    at -= 1;
  }
  edges[at] = edge;
}

type Table = { starts: Int32Array; ends: Int32Array; present: (index: number) => boolean };

function tableOf(view: ComposedView, edges: Int32Array, { starts, ends, present }: Table): Flows {
  const filtered = filteredQueues(view, present);
  const from = edges.map((edge) => starts[edge] as number);
  const to = edges.map((edge) => ends[edge] as number);
  const bits = new Uint8Array(edges.length);
  for (let flow = 0; flow < edges.length; flow += 1)
    bits[flow] = bitsOf(view, dependencyAt(view, edges[flow] as number), filtered[from[flow] as number] === 1);
  whereReceived(view.services.length, { from, to, bits });
  const at = (flow: number): Flow => flowAt(view, { from, to, edges, bits }, flow);
  return { length: edges.length, from, to, edges, bits, at };
}

function bitsOf({ routed }: ComposedView, { kind, protocol, propagates }: DependencySpec, filtered: boolean): number {
  // Everybody at a queue has to tell messages apart by their headers, or nobody can rely on it.
  if (kind === 'consumes') return isMessage | (propagates && filtered ? doesPass : 0);
  return (routed.has(protocol) ? isRouted : 0) | (propagates ? doesPass : 0);
}

function flowAt(
  view: ComposedView,
  { from, to, edges, bits }: Pick<Flows, 'from' | 'to' | 'edges' | 'bits'>,
  flow: number,
): Flow {
  const [edge, bit] = [edges[flow] as number, bits[flow] as number];
  const passes = (bit & doesPass) !== 0;
  return {
    from: from[flow] as number,
    to: to[flow] as number,
    protocol: dependencyAt(view, edge).protocol,
    message: (bit & isMessage) !== 0,
    routed: (bit & isRouted) !== 0,
    passes,
    lost: passes ? null : (bit & gotNothing) !== 0 ? 'not-received' : 'undeclared',
    edge: edgeAt(view.edges, edge),
  };
}

/**
 * Queues where all who publish or consume declare that messages carry the context, and no consumer declares that anew:
 * then what is derived and what it derives from leave each other's messages alone (design 5.3).
 */
function filteredQueues(view: ComposedView, present: (index: number) => boolean): Uint8Array {
  const filtered = new Uint8Array(view.services.length).fill(1);
  const { length, from, to } = view.edges;
  for (let edge = 0; edge < length; edge += 1) {
    const { kind, propagates } = dependencyAt(view, edge);
    if ((kind !== 'publishes' && kind !== 'consumes') || !present(from[edge] as number)) continue;
    const own = kind === 'consumes' && redeclares(view, from[edge] as number, to[edge] as number);
    if (!propagates || own) filtered[to[edge] as number] = 0;
  }
  return filtered;
}

function redeclares(view: ComposedView, consumer: number, queue: number): boolean {
  const pointers = view.differences[consumer]?.changes.map(({ pointer }) => pointer) ?? [];
  return pointers.some((pointer) => pointer === '/dependsOn' || pointer === `/dependsOn/${nameAt(view, queue)}`);
}

type Called = { readonly rows: Rows; readonly ends: Int32Array };
type Present = (index: number) => boolean;

/** Exposed services; where there are none, services that nobody calls; where everybody is called, all. */
function entriesOf(view: ComposedView, { rows, ends }: Called, present: Present): number[] {
  const all = [...view.services.keys()].filter(present);
  const exposed = all.filter((index) => view.services[index]?.spec.expose);
  if (exposed.length > 0) return exposed;
  const called = new Uint8Array(view.services.length);
  for (const index of all)
    for (let at = rows.starts[index] as number; at < (rows.starts[index + 1] as number); at += 1)
      called[ends[rows.items[at] as number] as number] = 1;
  const uncalled = all.filter((index) => called[index] === 0);
  return uncalled.length > 0 ? uncalled : all;
}

function reachable({ rows, ends }: Called, present: Present, entries: readonly number[]): Uint8Array {
  const reached = new Uint8Array(rows.starts.length - 1);
  const open = [...entries];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached[index] === 1) continue;
    reached[index] = 1;
    if (!present(index)) continue;
    for (let at = rows.starts[index] as number; at < (rows.starts[index + 1] as number); at += 1)
      open.push(ends[rows.items[at] as number] as number);
  }
  return reached;
}

/**
 * A service that is reached over a way that neither carries the context nor can be stamped gets none, so it has none to
 * pass on: its own flows lose it too, whatever they declare, and so on behind them.
 */
function whereReceived(services: number, { from, to, bits }: Pick<Flows, 'from' | 'to' | 'bits'>): void {
  const open: number[] = [];
  for (let flow = 0; flow < bits.length; flow += 1)
    if (((bits[flow] as number) & (isRouted | doesPass)) === 0) open.push(to[flow] as number);
  if (open.length === 0) return;
  const rows = rowsOf(services, bits.length, (flow) => from[flow] as number);
  const blind = new Uint8Array(services);
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (blind[index] === 1) continue;
    blind[index] = 1;
    for (let at = rows.starts[index] as number; at < (rows.starts[index + 1] as number); at += 1) {
      const flow = rows.items[at] as number;
      const bit = bits[flow] as number;
      if ((bit & doesPass) !== 0) bits[flow] = (bit & ~doesPass) | gotNothing;
      if ((bit & isRouted) === 0) open.push(to[flow] as number);
    }
  }
}

function dependencyAt({ edges }: ComposedView, edge: number): DependencySpec {
  return must(edges.dependencies[edge], 'an edge has its dependency');
}
