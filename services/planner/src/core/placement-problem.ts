import type { ComposedView } from './composed-view.ts';
import type { Flow } from './flows.ts';
import { contextNode, type Implications, localNode } from './implications.ts';
import type { Requirements } from './requirements.ts';
import { type Rows, rowsOf } from './rows.ts';

/** Prices of a pair: paid where the first node holds and the second does not (design 5.3). */
export const pairPrices = ['bridge', 'shared write', 'route'] as const;
export type PairPrice = (typeof pairPrices)[number];

/**
 * What every candidate is solved under, on typed arrays. Nodes are l and m of each service, as in implications.ts, and
 * behind them one node per service that holds where a local service depends on it: its bridge is paid once, whoever
 * crosses it.
 */
export type PlacementProblem = {
  readonly services: number;
  readonly implications: Implications;
  /** Service to the services that it depends on: their edges are needed where it is local. */
  readonly bridged: Arcs;
  /** Node to node, with the number of a pair price. */
  readonly priced: Arcs & { readonly prices: Uint8Array };
};

export type Arcs = { readonly rows: Rows; readonly heads: Int32Array };

export const bridgeNode = (services: number, service: number): number => 2 * services + service;

/** The structure of an environment's choice; linear in services, dependencies and flows. */
export function placementProblem(
  view: ComposedView,
  requirements: readonly Requirements[],
  { flows, implications }: { flows: readonly Flow[]; implications: Implications },
): PlacementProblem {
  const services = view.services.length;
  const present = (index: number): boolean => requirements[index]?.absent === null;
  const edges = view.edges.filter(({ from, to }) => present(from) && present(to));
  const priced = new PricedArcs();
  for (let service = 0; service < services; service += 1)
    priced.add('bridge', bridgeNode(services, service), localNode(service));
  for (const { from, to, dependency } of edges)
    if (dependency.kind === 'writes') priced.add('shared write', localNode(from), localNode(to));
  // Many dependencies between two services are one way; flows between them stand beside each other.
  flows.forEach(({ from, to, routed }, at) => {
    const before = flows[at - 1];
    const known = before?.from === from && before.to === to && before.routed;
    if (routed && !known && present(from)) priced.add('route', contextNode(to), localNode(from));
  });
  return {
    services,
    implications,
    bridged: {
      rows: rowsOf(services, edges.length, (at) => edges[at]?.from as number),
      heads: Int32Array.from(edges, ({ to }) => to),
    },
    priced: priced.sealed(3 * services),
  };
}

class PricedArcs {
  readonly #tails: number[] = [];
  readonly #heads: number[] = [];
  readonly #prices: number[] = [];

  add(price: PairPrice, tail: number, head: number): void {
    this.#tails.push(tail);
    this.#heads.push(head);
    this.#prices.push(pairPrices.indexOf(price));
  }

  sealed(nodes: number): PlacementProblem['priced'] {
    const rows = rowsOf(nodes, this.#tails.length, (at) => this.#tails[at] as number);
    return { rows, heads: Int32Array.from(this.#heads), prices: Uint8Array.from(this.#prices) };
  }
}
