import type { ComposedView } from './composed-view.ts';
import type { Flow } from './flows.ts';
import type { Requirements } from './requirements.ts';

// Two variables per service (design 5.3): l it runs here, m requests that arrive at it must carry the context.
// Every rule has one premise, so what follows from the facts is what they reach, and the least answer is unique.

export type Implication = {
  readonly premise: number;
  readonly conclusion: number;
  readonly rule: 'local is overridden' | 'context passes on' | 'context is dropped' | 'queue follows consumer';
  readonly flow?: Flow;
};

export const localNode = (service: number): number => 2 * service;
export const contextNode = (service: number): number => 2 * service + 1;
export const serviceOf = (node: number): number => node >> 1;
export const isLocalNode = (node: number): boolean => node % 2 === 0;

/** All implications of an environment, sorted by premise and conclusion. */
export function implicationsOf(
  view: ComposedView,
  requirements: readonly Requirements[],
  flows: readonly Flow[],
): readonly Implication[] {
  const queues = queuesFollow(view, requirements);
  // A root's requests need no context: what has none belongs to the listener's own environment (protocol 26).
  const context = view.derived ? [...overriding(view), ...flows.map(carrying)] : [];
  return [...queues, ...context].sort((a, b) => a.premise - b.premise || a.conclusion - b.conclusion);
}

function overriding(view: ComposedView): Implication[] {
  return view.services.map((_, index) => ({
    premise: localNode(index),
    conclusion: contextNode(index),
    rule: 'local is overridden',
  }));
}

function carrying(flow: Flow): Implication {
  const premise = contextNode(flow.to);
  if (flow.passes) return { premise, conclusion: contextNode(flow.from), rule: 'context passes on', flow };
  // A local caller leaves through its own environment's listener, which stamps (protocol 26).
  return { premise, conclusion: localNode(flow.from), rule: 'context is dropped', flow };
}

// A consumer that runs here must not take the messages of the queue it is derived from.
function queuesFollow(view: ComposedView, requirements: readonly Requirements[]): Implication[] {
  return view.edges
    .filter(({ to, dependency }) => dependency.kind === 'consumes' && requirements[to]?.absent === null)
    .map(({ from, to }) => ({
      premise: localNode(from),
      conclusion: localNode(to),
      rule: 'queue follows consumer' as const,
    }));
}
