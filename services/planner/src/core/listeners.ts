import type { PlannedListener } from '@microstax/model/plan';
import { type ComposedView, edgesFrom, serviceAt } from './composed-view.ts';
import type { Placed } from './place-services.ts';

/**
 * The ports that the router listens on for this environment (protocol 26): of exposed services, and of services that a
 * local one depends on, denied ones too, so that a caller is told instead of being left without an address.
 */
export function listenersOf(view: ComposedView, placed: readonly Placed[]): readonly PlannedListener[] {
  if (view.wanted === 'stopped' || view.wanted === 'deleted') return [];
  const callers = localCallers(view, placed);
  return [...view.services.keys()].flatMap((index) => {
    const { name, spec, removed } = serviceAt(view, index);
    const exposed = spec.expose && !removed;
    const caller = callers.get(index);
    if (!exposed && caller === undefined) return [];
    const reason = exposed ? `${name} is exposed` : `${caller} runs here and depends on ${name}`;
    return spec.ports.map(({ name: port, protocol, containerPort }) => {
      // Protocol 27: only an exposed service of a root asks for its declared port.
      const preferredPort = exposed && !view.derived ? containerPort : null;
      return { service: name, port, protocol, preferredPort, reason };
    });
  });
}

/** For each service that a local one depends on, the first of these by name. */
function localCallers(view: ComposedView, placed: readonly Placed[]): ReadonlyMap<number, string> {
  const callers = new Map<number, string>();
  placed.forEach(({ kind, service }, index) => {
    if (kind !== 'local') return;
    for (const { to } of edgesFrom(view, index)) if (!callers.has(to)) callers.set(to, service);
  });
  return callers;
}
