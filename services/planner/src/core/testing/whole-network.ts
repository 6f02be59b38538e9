import type { PriceTable } from '@microstax/model/facts';
import { must } from '@microstax/model/must';
import type { DependencySpec } from '@microstax/model/service-spec';
import type { SeededRandom } from '@microstax/testkit/random';
import { largeEnvironment } from '../../testing/large-environment.ts';
import type { PlanInput } from '../plan.ts';

/** An overlay whose prices are of like size, so that many pairs decide; no requirement contradicts another. */
export function largePlacement(services: number, random: SeededRandom): PlanInput {
  const prices: Partial<PriceTable> = {
    cpuCoreHourMicros: random.integer(300, 1_500),
    memoryGiBHourMicros: 0,
    storageGiBHourMicros: 0,
    instanceHourMicros: random.integer(0, 100),
    bridgeHourMicros: random.integer(0, 900),
    routeHourMicros: random.integer(0, 300),
    sharedWriteHourMicros: random.integer(0, 1_500),
    startMicros: random.integer(0, 300),
  };
  const shape = { services, edges: 5 * services, changed: random.integer(4, 24), seed: random.integer(1, 1_000_000) };
  return largeEnvironment({ ...shape, prices });
}

type Arc = readonly [tail: number, head: number, capacity: number | null];

/**
 * The whole choice as one network, written down from design 5.3 for such overlays: the source is 0, the sink 1, then l and
 * m of each service, then whether a local service needs its bridge. null is a capacity without end.
 */
export function wholeNetwork({ composition, difference, facts }: PlanInput): readonly Arc[] {
  const { services } = composition.value;
  const { prices, expectedHours: hours } = facts.value;
  const index = new Map(services.map(({ name }, at) => [name, at]));
  const changed = new Set(
    difference.value.services.filter(({ state }) => state === 'changed').map(({ service }) => service),
  );
  const [l, m, b] = [0, 1, 2].map(
    (part) =>
      (at: number): number =>
        2 + 3 * at + part,
  ) as [Node, Node, Node];
  const arcs: Arc[] = [];
  services.forEach(({ name, spec }, at) => {
    if (changed.has(name)) arcs.push([0, l(at), null]);
    arcs.push([l(at), m(at), null]);
    const cpu = Math.floor((spec.resources.cpuMillicores * prices.cpuCoreHourMicros) / 1_000 + 0.5);
    arcs.push([l(at), 1, hours * (cpu + prices.instanceHourMicros) + (prices.startMicros ?? 0)]);
    arcs.push([b(at), l(at), hours * prices.bridgeHourMicros]);
  });
  const edges = services.flatMap(({ spec }, from) =>
    spec.dependsOn.map((dependency) => ({ from, to: must(index.get(dependency.service), 'it is there'), dependency })),
  );
  const reached = reachedFrom(services, edges);
  for (const { from, to, dependency } of edges) {
    const { kind, protocol, propagates } = dependency;
    if (kind === 'writes') arcs.push([l(from), l(to), hours * (prices.sharedWriteHourMicros ?? 0)]);
    arcs.push([l(from), b(to), null]);
    if (kind === 'consumes') {
      arcs.push([l(from), l(to), null]);
      if (reached.has(to)) arcs.push([l(to), l(from), null], [m(from), l(to), null]);
    } else if (reached.has(from)) {
      const hears = !edges.some(
        (edge) => edge.from === from && edge.dependency.kind === 'consumes' && reached.has(edge.to),
      );
      arcs.push(propagates && hears ? [m(to), m(from), null] : [m(to), l(from), null]);
      if (protocol === 'http') arcs.push([m(to), l(from), hours * (prices.routeHourMicros ?? 0)]);
    }
  }
  return arcs;
}

type Node = (at: number) => number;
type Edge = { readonly from: number; readonly to: number; readonly dependency: DependencySpec };

/** What requests and messages get to from the exposed services. */
function reachedFrom(
  services: PlanInput['composition']['value']['services'],
  edges: readonly Edge[],
): ReadonlySet<number> {
  const reached = new Set([...services.keys()].filter((at) => services[at]?.spec.expose));
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const { from, to, dependency } of edges) {
      if (dependency.kind === 'consumes' ? reached.has(to) : reached.has(from))
        reached.add(dependency.kind === 'consumes' ? from : to);
    }
  }
  return reached;
}
