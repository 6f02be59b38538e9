import type { PortProtocol } from '@microstax/model/service-spec';
import { type ComposedView, type Edge, nameAt } from './composed-view.ts';
import type { Requirements } from './requirements.ts';
import { inRows, type Rows, rowsOf } from './rows.ts';

/** A way that requests or messages travel, by index. A consumer's dependency on its queue is a flow from the queue. */
export type Flow = {
  readonly from: number;
  readonly to: number;
  readonly protocol: PortProtocol;
  /** Whether a router tells requests apart on this way, so that it can stamp what a local service sends. */
  readonly routed: boolean;
  /** Whether the context survives the way where its start is remote. */
  readonly passes: boolean;
  /** Why it does not: it is not declared to, or its start never gets the context itself. */
  readonly lost: 'undeclared' | 'not-received' | null;
  readonly edge: Edge;
};

/**
 * The flows that a request can travel: none starts at a service that is absent, none at one that no entry reaches
 * (design 5.3), and nothing starts by itself. In the order of names.
 */
export function flowsOf(view: ComposedView, requirements: readonly Requirements[]): readonly Flow[] {
  const present = (index: number): boolean => requirements[index]?.absent === null;
  const filtered = filteredQueues(view, present);
  const all = view.edges.map((edge) => flowOf(view, edge, filtered)).filter(({ from }) => present(from));
  const rows = rowsOf(view.services.length, all.length, (at) => (all[at] as Flow).from);
  const reached = reachable(rows, all, entriesOf(view, all, present));
  const ordered: Flow[] = [];
  for (let from = 0; from < view.services.length; from += 1) {
    if (reached[from] === 0) continue;
    const own = [...inRows(rows, from)].map((at) => all[at] as Flow);
    ordered.push(...(own.length > 1 ? own.sort((a, b) => a.to - b.to) : own));
  }
  return whereReceived(view, ordered);
}

/** A consumer's flow: a message, which no router sees. */
export function isMessage({ edge }: Pick<Flow, 'edge'>): boolean {
  return edge.dependency.kind === 'consumes';
}

function flowOf(view: ComposedView, edge: Edge, filtered: Uint8Array): Flow {
  const { kind, protocol, propagates } = edge.dependency;
  const message = kind === 'consumes';
  const { from, to } = message ? { from: edge.to, to: edge.from } : edge;
  // Everybody at a queue has to tell messages apart by their headers, or nobody can rely on it.
  const passes = propagates && (!message || filtered[from] === 1);
  const routed = !message && view.routed.has(protocol);
  return { from, to, protocol, routed, passes, lost: passes ? null : 'undeclared', edge };
}

/**
 * Queues where all who publish or consume declare that messages carry the context, and no consumer declares that anew:
 * then what is derived and what it derives from leave each other's messages alone (design 5.3).
 */
function filteredQueues(view: ComposedView, present: (index: number) => boolean): Uint8Array {
  const filtered = new Uint8Array(view.services.length).fill(1);
  for (const { from, to, dependency } of view.edges) {
    if (!present(from) || (dependency.kind !== 'publishes' && dependency.kind !== 'consumes')) continue;
    const own = dependency.kind === 'consumes' && redeclares(view, from, to);
    if (!dependency.propagates || own) filtered[to] = 0;
  }
  return filtered;
}

function redeclares(view: ComposedView, consumer: number, queue: number): boolean {
  const pointers = view.differences[consumer]?.changes.map(({ pointer }) => pointer) ?? [];
  return pointers.some((pointer) => pointer === '/dependsOn' || pointer === `/dependsOn/${nameAt(view, queue)}`);
}

/** Exposed services; where there are none, services that nobody calls; where everybody is called, all. */
function entriesOf(view: ComposedView, flows: readonly Flow[], present: (index: number) => boolean): number[] {
  const all = [...view.services.keys()].filter(present);
  const exposed = all.filter((index) => view.services[index]?.spec.expose);
  if (exposed.length > 0) return exposed;
  const called = new Uint8Array(view.services.length);
  for (const { to } of flows) called[to] = 1;
  const uncalled = all.filter((index) => called[index] === 0);
  return uncalled.length > 0 ? uncalled : all;
}

function reachable(rows: Rows, flows: readonly Flow[], entries: readonly number[]): Uint8Array {
  const reached = new Uint8Array(rows.starts.length - 1);
  const open = [...entries];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached[index] === 1) continue;
    reached[index] = 1;
    for (const at of inRows(rows, index)) open.push((flows[at] as Flow).to);
  }
  return reached;
}

/**
 * A service that is reached over a way that neither carries the context nor can be stamped gets none, so it has none to
 * pass on: its own flows lose it too, whatever they declare, and so on behind them.
 */
function whereReceived(view: ComposedView, flows: readonly Flow[]): readonly Flow[] {
  const open = flows.filter(({ routed, passes }) => !routed && !passes).map(({ to }) => to);
  if (open.length === 0) return flows;
  const rows = rowsOf(view.services.length, flows.length, (at) => (flows[at] as Flow).from);
  const blind = new Uint8Array(view.services.length);
  const lossy = [...flows];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (blind[index] === 1) continue;
    blind[index] = 1;
    for (const at of inRows(rows, index)) {
      const flow = flows[at] as Flow;
      if (flow.passes) lossy[at] = { ...flow, passes: false, lost: 'not-received' };
      if (!flow.routed) open.push(flow.to);
    }
  }
  return lossy;
}
