import type { PortProtocol } from '@microstax/model/service-spec';
import type { ComposedView, Edge } from './composed-view.ts';
import type { Requirements } from './requirements.ts';

/** A way that requests or messages travel, by index. A consumer's dependency on its queue is a flow from the queue. */
export type Flow = {
  readonly from: number;
  readonly to: number;
  readonly protocol: PortProtocol;
  /** Whether the context survives the way. */
  readonly passes: boolean;
  readonly edge: Edge;
};

/**
 * The flows that a request can travel: none starts at a service that is absent, none at one that no entry reaches
 * (design 5.3). In the order of names.
 */
export function flowsOf(view: ComposedView, requirements: readonly Requirements[]): readonly Flow[] {
  const present = (index: number): boolean => requirements[index]?.absent === null;
  const flows = view.edges.map(flowOf).filter(({ from }) => present(from));
  const reached = reachable(view, flows, entriesOf(view, flows, present));
  return flows.filter(({ from }) => reached[from] === 1).sort((a, b) => a.from - b.from || a.to - b.to);
}

function flowOf(edge: Edge): Flow {
  const { kind, protocol, propagates } = edge.dependency;
  const { from, to } = kind === 'consumes' ? { from: edge.to, to: edge.from } : edge;
  // The router tells requests apart over http only; a message carries its context in its headers, where declared.
  const carried = kind === 'consumes' || protocol === 'http';
  return { from, to, protocol, passes: propagates && carried, edge };
}

/** Exposed services; where there are none, services that nobody calls; where everybody is called, all. */
function entriesOf(view: ComposedView, flows: readonly Flow[], present: (index: number) => boolean): number[] {
  const all = [...view.services.keys()].filter(present);
  const exposed = all.filter((index) => view.services[index]?.spec.expose);
  if (exposed.length > 0) return exposed;
  const called = new Set(flows.map(({ to }) => to));
  const uncalled = all.filter((index) => !called.has(index));
  return uncalled.length > 0 ? uncalled : all;
}

function reachable(view: ComposedView, flows: readonly Flow[], entries: readonly number[]): Uint8Array {
  const from = Map.groupBy(flows, (flow) => flow.from);
  const reached = new Uint8Array(view.services.length);
  const open = [...entries];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached[index] === 1) continue;
    reached[index] = 1;
    for (const { to } of from.get(index) ?? []) open.push(to);
  }
  return reached;
}
