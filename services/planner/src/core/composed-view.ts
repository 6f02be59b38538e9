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
  /** Dependencies of services that are not removed, on services that the environment knows; in the order of names. */
  readonly edges: readonly Edge[];
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
    edges: services.flatMap((service, from) => edgesOf(service, from, indexOf)),
  };
}

export function serviceAt(view: ComposedView, index: number): ComposedService {
  return must(view.services[index], `service ${index} is composed`);
}

export function nameAt(view: ComposedView, index: number): string {
  return serviceAt(view, index).name;
}

function edgesOf(service: ComposedService, from: number, indexOf: ReadonlyMap<string, number>): Edge[] {
  if (service.removed) return [];
  return service.spec.dependsOn.flatMap((dependency) => {
    const to = indexOf.get(dependency.service);
    return to === undefined || to === from ? [] : [{ from, to, dependency }];
  });
}
