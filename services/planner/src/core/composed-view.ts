import type { ComposedService, Composition } from '@microstax/model/composition';
import type { Wanted } from '@microstax/model/derivation';
import type { Difference, ServiceDifference } from '@microstax/model/difference';
import { must } from '@microstax/model/must';
import type { DependencySpec, PortProtocol } from '@microstax/model/service-spec';

/** A dependency between two services of the environment, by index. */
export type Edge = { readonly from: number; readonly to: number; readonly dependency: DependencySpec };

/** What the steps of a plan read: composition and difference joined, services by index in the order of their names. */
export type ComposedView = {
  readonly env: string;
  readonly root: string;
  /** Whether the environment derives from another one; a root has nobody to inherit from and no context to carry. */
  readonly derived: boolean;
  readonly wanted: Wanted;
  /** Protocols over which the router tells requests apart by their context, and stamps what a local service sends. */
  readonly routed: ReadonlySet<PortProtocol>;
  readonly services: readonly ComposedService[];
  /** null where neither the environment nor its parent has the service: mapped, pooled, or taken away further up. */
  readonly differences: readonly (ServiceDifference | null)[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly edges: Edges;
};

/**
 * Dependencies of services that are not removed, on services that the environment knows; in the order of names. On typed
 * arrays, because there may be a million.
 */
export type Edges = {
  readonly length: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly dependencies: readonly DependencySpec[];
  /** The edges of a service lie between its start and the next one's. */
  readonly starts: Int32Array;
};

/** What the router of this version tells apart, where the facts say nothing else (decision 3). */
const routedByDefault: readonly PortProtocol[] = ['http'];

/** Joins composition and difference. */
export function composedView(
  composition: Composition,
  difference: Difference,
  { wanted, routed = routedByDefault }: { wanted: Wanted; routed?: readonly PortProtocol[] | undefined },
): ComposedView {
  const { env, root, services } = composition;
  const byName = new Map(difference.services.map((entry) => [entry.service, entry]));
  const indexOf = new Map(services.map((service, index) => [service.name, index]));
  return {
    env,
    root,
    derived: root !== env,
    wanted,
    routed: new Set(routed),
    services,
    differences: services.map(({ name }) => byName.get(name) ?? null),
    indexOf,
    edges: edgesOf(services, indexOf),
  };
}

export function serviceAt(view: ComposedView, index: number): ComposedService {
  return must(view.services[index], `service ${index} is composed`);
}

export function nameAt(view: ComposedView, index: number): string {
  return serviceAt(view, index).name;
}

export function edgeAt({ from, to, dependencies }: Edges, edge: number): Edge {
  const dependency = must(dependencies[edge], 'an edge has its dependency');
  return { from: from[edge] as number, to: to[edge] as number, dependency };
}

/** The dependencies of one service, in the order of names. */
export function edgesFrom({ edges }: ComposedView, service: number): readonly Edge[] {
  const found: Edge[] = [];
  for (let edge = edges.starts[service] as number; edge < (edges.starts[service + 1] as number); edge += 1)
    found.push(edgeAt(edges, edge));
  return found;
}

function edgesOf(services: readonly ComposedService[], indexOf: ReadonlyMap<string, number>): Edges {
  const most = services.reduce((sum, { spec }) => sum + spec.dependsOn.length, 0);
  const from = new Int32Array(most);
  const to = new Int32Array(most);
  const dependencies: DependencySpec[] = [];
  const starts = new Int32Array(services.length + 1);
  services.forEach(({ removed, spec }, service) => {
    for (const dependency of removed ? [] : spec.dependsOn) {
      const target = indexOf.get(dependency.service);
      if (target === undefined || target === service) continue;
      from[dependencies.length] = service;
      to[dependencies.length] = target;
      dependencies.push(dependency);
    }
    starts[service + 1] = dependencies.length;
  });
  return { length: dependencies.length, from, to, dependencies, starts };
}
