import type { ComposedView } from './composed-view.ts';
import { type Flow, isMessage } from './flows.ts';
import type { Requirements } from './requirements.ts';
import { inRows, type Rows, rowsOf } from './rows.ts';

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

export type Implication = {
  readonly premise: number;
  readonly conclusion: number;
  readonly rule: Rule;
  readonly flow?: Flow;
};

/** All implications as typed arrays: what follows from a node is `inRows(rows, node)`. */
export type Implications = {
  readonly rows: Rows;
  readonly conclusions: Int32Array;
  readonly at: (index: number) => Implication;
};

export const localNode = (service: number): number => 2 * service;
export const contextNode = (service: number): number => 2 * service + 1;
export const serviceOf = (node: number): number => node >> 1;
export const isLocalNode = (node: number): boolean => node % 2 === 0;

/** All implications of an environment; of one premise in the order of the rules, then of names. */
export function implicationsOf(
  view: ComposedView,
  requirements: readonly Requirements[],
  flows: readonly Flow[],
): Implications {
  const list = new ImplicationList(flows);
  const present = (index: number): boolean => requirements[index]?.absent === null;
  // A root's requests need no context: what has none belongs to the listener's own environment (protocol 26).
  if (view.derived) {
    for (let service = 0; service < view.services.length; service += 1)
      list.add('local is overridden', localNode(service), contextNode(service));
    flows.forEach((flow, at) => {
      carry(list, view, flow, at);
    });
    flows.forEach((flow, at) => {
      if (isMessage(flow) && present(flow.to))
        list.add('consumer follows queue', localNode(flow.from), localNode(flow.to), at);
    });
  }
  const filtering = new Set(flows.filter((flow) => isMessage(flow) && flow.passes).map(({ edge }) => edge));
  for (const edge of view.edges) {
    if (!present(edge.from) || !present(edge.to)) continue;
    const { kind, protocol } = edge.dependency;
    if (kind === 'consumes' && !filtering.has(edge))
      list.add('queue follows consumer', localNode(edge.from), localNode(edge.to));
    // The router has no listener for it, so nothing leads from here to an inherited instance.
    else if (protocol === 'udp') list.add('cannot be bridged', localNode(edge.from), localNode(edge.to));
  }
  return list.sealed(2 * view.services.length);
}

function carry(list: ImplicationList, view: ComposedView, flow: Flow, at: number): void {
  const { from, to, routed, passes } = flow;
  // A local caller leaves through its own environment's listener, which stamps (protocol 26).
  if (!passes) {
    list.add('context is dropped', contextNode(to), localNode(from), at);
    return;
  }
  list.add('context passes on', contextNode(to), contextNode(from), at);
  // Over one target for all, only a caller of this environment's own reaches what differs here.
  if (!routed && !isMessage(flow)) {
    const premise = isOverridden(view, to) ? contextNode(to) : localNode(to);
    list.add('cannot be told apart', premise, localNode(from), at);
  }
}

/** Whether the root's own instance is not the answer, wherever the service runs. */
export function isOverridden({ services, root }: ComposedView, index: number): boolean {
  const { removed = false, remote = null } = services[index] ?? {};
  if (removed) return true;
  return remote !== null && (remote.tier === 'explicit provider mapping' || remote.env !== root);
}

class ImplicationList {
  readonly #flows: readonly Flow[];
  readonly #premises: number[] = [];
  readonly #conclusions: number[] = [];
  readonly #rules: number[] = [];
  readonly #flowsAt: number[] = [];

  constructor(flows: readonly Flow[]) {
    this.#flows = flows;
  }

  add(rule: Rule, premise: number, conclusion: number, flow = -1): void {
    this.#premises.push(premise);
    this.#conclusions.push(conclusion);
    this.#rules.push(rules.indexOf(rule));
    this.#flowsAt.push(flow);
  }

  sealed(nodes: number): Implications {
    const [premises, ruleNumbers] = [this.#premises, this.#rules];
    const conclusions = Int32Array.from(this.#conclusions);
    return {
      rows: rowsOf(nodes, premises.length, (item) => premises[item] as number),
      conclusions,
      at: (index) => {
        const flow = this.#flows[this.#flowsAt[index] as number];
        const step = { premise: premises[index] as number, conclusion: conclusions[index] as number };
        const rule = rules[ruleNumbers[index] as number] as Rule;
        return { ...step, rule, ...(flow === undefined ? {} : { flow }) };
      },
    };
  }
}

/** The conclusions of one node, as indexes of implications. */
export function following({ rows }: Implications, node: number): Int32Array {
  return inRows(rows, node);
}
