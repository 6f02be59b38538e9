import type { ComposedView } from './composed-view.ts';
import { type Flows, isRouted } from './flows.ts';
import { contextNode, type Implications, localNode } from './implications.ts';
import { presenceOf, type Requirements } from './requirements.ts';
import { ArcCollector, type Arcs } from './rows.ts';

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
  /** Node to node, with the number of a pair price as its label. */
  readonly priced: Arcs & { readonly labels: Int32Array };
};

export const bridgeNode = (services: number, service: number): number => 2 * services + service;

/** The structure of an environment's choice; linear in services, dependencies and flows. */
export function placementProblem(
  view: ComposedView,
  requirements: readonly Requirements[],
  { flows, implications }: { flows: Flows; implications: Implications },
): PlacementProblem {
  const services = view.services.length;
  const present = presenceOf(requirements);
  const bridged = new ArcCollector(view.edges.length);
  const priced = new ArcCollector(services + view.edges.length + flows.length);
  for (let service = 0; service < services; service += 1)
    priced.add(bridgeNode(services, service), localNode(service), priceNumber('bridge'));
  const { from, to, length, dependencies } = view.edges;
  for (let edge = 0; edge < length; edge += 1) {
    const [user, used] = [from[edge] as number, to[edge] as number];
    if (!present(user) || !present(used)) continue;
    bridged.add(user, used);
    if (dependencies[edge]?.kind === 'writes')
      priced.add(localNode(user), localNode(used), priceNumber('shared write'));
  }
  addRoutes(priced, flows);
  return { services, implications, bridged: bridged.byTail(services), priced: priced.byTail(3 * services) };
}

/** Many dependencies between two services are one way to route; their flows stand beside each other. */
function addRoutes(priced: ArcCollector, { from, to, bits, length }: Flows): void {
  let known = -1; // the end of the last way from the same start
  for (let flow = 0; flow < length; flow += 1) {
    if (from[flow] !== from[flow - 1]) known = -1;
    if (((bits[flow] as number) & isRouted) === 0 || to[flow] === known) continue;
    known = to[flow] as number;
    priced.add(contextNode(known), localNode(from[flow] as number), priceNumber('route'));
  }
}

function priceNumber(price: PairPrice): number {
  return pairPrices.indexOf(price);
}
