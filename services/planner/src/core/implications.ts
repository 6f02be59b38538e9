import type { DependencySpec } from '@microstax/model/service-spec';
import type { ComposedView } from './composed-view.ts';
import { doesPass, type Flow, type Flows, isMessage, isRouted } from './flows.ts';
import { presenceOf, type Requirements } from './requirements.ts';
import { ArcCollector, type Arcs } from './rows.ts';

// Two variables per service (design 5.3): l it runs here, m requests that arrive at it must carry the context.
// Every rule has one premise, so what follows from the facts is what they reach, and the least answer is unique.

export const rules = [
  'local is overridden',
  'context passes on',
  'context is dropped',
  'cannot be told apart',
  'queue follows consumer',
  'consumer follows queue',
  'cannot be bridged',
] as const;
export type Rule = (typeof rules)[number];

const ruleNumbers = Object.fromEntries(rules.map((rule, number) => [rule, number])) as Readonly<Record<Rule, number>>;

export type Implication = {
  readonly premise: number;
  readonly conclusion: number;
  readonly rule: Rule;
  readonly flow?: Flow;
};

/** All implications as typed arrays: an arc from each premise to what follows from it. */
export type Implications = Arcs & { readonly at: (arc: number) => Implication };

export const localNode = (service: number): number => 2 * service;
export const contextNode = (service: number): number => 2 * service + 1;
export const serviceOf = (node: number): number => node >> 1;
export const isLocalNode = (node: number): boolean => node % 2 === 0;

/** All implications of an environment; of one premise in the order of the rules, then of names. */
export function implicationsOf(view: ComposedView, requirements: readonly Requirements[], flows: Flows): Implications {
  const list = new ImplicationList(flows, view.services.length + 3 * flows.length + view.edges.length);
  const present = presenceOf(requirements);
  // A root's requests need no context: what has none belongs to the listener's own environment (protocol 26).
  if (view.derived) {
    for (let service = 0; service < view.services.length; service += 1)
      list.add('local is overridden', localNode(service), contextNode(service));
    carryContext(list, view, flows);
    for (let flow = 0; flow < flows.length; flow += 1)
      if (((flows.bits[flow] as number) & isMessage) !== 0 && present(flows.to[flow] as number))
        list.add(
          'consumer follows queue',
          localNode(flows.from[flow] as number),
          localNode(flows.to[flow] as number),
          flow,
        );
  }
  const filtering = new Set<number>();
  for (let flow = 0; flow < flows.length; flow += 1)
    if (((flows.bits[flow] as number) & (isMessage | doesPass)) === (isMessage | doesPass))
      filtering.add(flows.edges[flow] as number);
  const { edges } = view;
  for (let edge = 0; edge < edges.length; edge += 1) {
    const { kind, protocol } = edges.dependencies[edge] as DependencySpec;
    const queue = kind === 'consumes' && !filtering.has(edge);
    // The router does not listen on udp, so nothing leads from here to an inherited instance.
    if (!queue && protocol !== 'udp') continue;
    const [from, to] = [edges.from[edge] as number, edges.to[edge] as number];
    if (present(from) && present(to))
      list.add(queue ? 'queue follows consumer' : 'cannot be bridged', localNode(from), localNode(to));
  }
  return list.sealed(2 * view.services.length);
}

function carryContext(
  list: ImplicationList,
  view: ComposedView,
  { length, from: starts, to: ends, bits }: Flows,
): void {
  for (let flow = 0; flow < length; flow += 1) {
    const [from, to, bit] = [starts[flow] as number, ends[flow] as number, bits[flow] as number];
    if ((bit & doesPass) === 0) {
      // A local caller leaves through its own environment's listener, which stamps (protocol 26).
      list.add('context is dropped', contextNode(to), localNode(from), flow);
      continue;
    }
    list.add('context passes on', contextNode(to), contextNode(from), flow);
    if ((bit & (isRouted | isMessage)) !== 0) continue;
    // Over one target for all, only a caller of this environment's own reaches what differs here.
    const premise = isOverridden(view, to) ? contextNode(to) : localNode(to);
    list.add('cannot be told apart', premise, localNode(from), flow);
  }
}

/** Whether the root's own instance is not the answer, wherever the service runs. */
export function isOverridden({ services, root }: ComposedView, index: number): boolean {
  const { removed = false, remote = null } = services[index] ?? {};
  if (removed) return true;
  return remote !== null && (remote.tier === 'explicit provider mapping' || remote.env !== root);
}

class ImplicationList {
  readonly #flows: Flows;
  readonly #arcs: ArcCollector;

  constructor(flows: Flows, implicationsMax: number) {
    this.#flows = flows;
    this.#arcs = new ArcCollector(implicationsMax);
  }

  add(rule: Rule, premise: number, conclusion: number, flow = -1): void {
    this.#arcs.add(premise, conclusion, rules.length * (flow + 1) + ruleNumbers[rule]);
  }

  sealed(nodes: number): Implications {
    const { labels, ...arcs } = this.#arcs.byTail(nodes);
    return {
      ...arcs,
      at: (arc) => {
        const label = labels[arc] as number;
        const flow = Math.floor(label / rules.length) - 1;
        const step = { premise: premiseOf(arcs, arc), conclusion: arcs.heads[arc] as number };
        const rule = rules[label % rules.length] as Rule;
        return { ...step, rule, ...(flow < 0 ? {} : { flow: this.#flows.at(flow) }) };
      },
    };
  }
}

/** The tail of an arc, found by halving. */
function premiseOf({ starts }: Arcs, arc: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= arc) low = middle;
    else high = middle;
  }
  return low;
}
