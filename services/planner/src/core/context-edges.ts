import type { ContextEdge } from '@microstax/model/plan';
import { type ComposedView, nameAt, serviceAt } from './composed-view.ts';
import { type Flow, type Flows, isMessage, isRouted } from './flows.ts';
import { isOverridden } from './implications.ts';
import type { Placed } from './place-services.ts';
import { dependencyPhrase } from './placement-reasons.ts';

/**
 * Every flow that must carry the context, with its carrier and why, and every one of a local service that cannot, with
 * what follows. In the order of names. What is inherited on both ends and needs nothing is not listed: there may be a
 * million of it, and the findings name each service that is reached so.
 */
export function contextEdgesOf(
  view: ComposedView,
  flows: Flows | null,
  placed: readonly Placed[],
): readonly ContextEdge[] {
  if (flows === null) return [];
  const local = Uint8Array.from(placed, ({ kind }) => (kind === 'local' ? 1 : 0));
  const needed = Uint8Array.from(placed, ({ carriesContext }) => (carriesContext ? 1 : 0));
  const edges: ContextEdge[] = [];
  for (let at = 0; at < flows.length; at += 1) {
    const to = flows.to[at] as number;
    const concerns = needed[to] === 1 || (isPassedThrough(flows, at) && local[flows.from[at] as number] === 1);
    if (!concerns) continue;
    const edge = contextEdge(view, flows.at(at), placed);
    if (edge !== null) edges.push(edge);
  }
  return edges;
}

function contextEdge(view: ComposedView, flow: Flow, placed: readonly Placed[]): ContextEdge | null {
  const needed = placed[flow.to]?.carriesContext === true;
  const local = placed[flow.from]?.kind === 'local';
  const named = { from: nameAt(view, flow.from), to: nameAt(view, flow.to), protocol: flow.protocol };
  const through = !flow.routed && !flow.message;
  if (through && flow.passes && needed && !overridden(view, flow.to, placed))
    return { ...named, ...carriedByCaller({ ...named, edge: flow.edge }) };
  if (through) return { ...named, carrier: 'none', required: false, reason: passedThrough(view, flow, placed) };
  if (!needed) return null;
  const target = `requests of ${view.env} to ${named.to} are told by it`;
  if (flow.message) {
    if (flow.passes)
      return { ...named, carrier: 'header', required: true, reason: `message headers carry it: ${target}` };
    const lost = 'without the context, which no listener stamps on messages';
    const reason = `${dependencyPhrase(view, flow)} ${lost}, so ${named.from} runs here for ${view.env} alone`;
    return { ...named, carrier: 'none', required: false, reason };
  }
  if (local) {
    const reason = `${named.from} runs here and leaves through the listener of ${view.env}, which stamps: ${target}`;
    return { ...named, carrier: 'stamped by the listener', required: true, reason };
  }
  const by = placed[flow.from]?.provider?.env ?? view.root;
  return { ...named, carrier: 'baggage', required: true, reason: `${by}'s ${named.from} passes it on: ${target}` };
}

function overridden(view: ComposedView, index: number, placed: readonly Placed[]): boolean {
  return placed[index]?.kind === 'local' || isOverridden(view, index);
}

/** Where the router cannot tell requests apart, its listener has one target. */
export function isPassedThrough({ bits }: Flows, flow: number): boolean {
  return ((bits[flow] as number) & (isRouted | isMessage)) === 0;
}

/** Over a way with one target the caller itself carries what somebody further on is told by. */
function carriedByCaller({ from, to, edge }: { from: string; to: string; edge: Flow['edge'] }) {
  const carrier = edge.dependency.kind === 'publishes' ? 'header' : 'baggage';
  const reason = `${from} passes it on by itself, and ${to} needs it for what is behind it`;
  return { carrier, required: true, reason } as const;
}

function passedThrough(view: ComposedView, flow: Flow, placed: readonly Placed[]): string {
  const from = nameAt(view, flow.from);
  const to = nameAt(view, flow.to);
  const { kind, provider } = placed[flow.to] ?? {};
  const through = `${flow.protocol} is passed through to one target`;
  if (kind === 'denied') return `${through}, and ${to} has none in ${view.env}`;
  if (kind === 'local' && view.derived) return `${through}: ${from} runs here too, because ${to} does`;
  if (kind === 'local') return `${through}, the ${to} of ${view.env}; an overlay that changes ${to} runs ${from} too`;
  const target = provider?.env ?? serviceAt(view, flow.to).owner;
  return `${through}, the ${to} of ${target}; were ${to} changed here, ${from} would have to run here too`;
}
