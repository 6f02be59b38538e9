import type { EnvironmentGraph } from '@microstax/contracts/graph-views';
import type { PropagationObserved } from '@microstax/contracts/propagation';

export type RequestObserved = Extract<PropagationObserved, { kind: 'request' }>;

/** A request of a probe with the services that may have sent it: one where it is known, none where it is a stranger's. */
export type Attributed = {
  readonly observed: RequestObserved;
  readonly callers: readonly string[];
  readonly carried: boolean;
};

/** What one probe showed. */
export type Walk = {
  readonly calls: readonly Attributed[];
  /** Services that got a request with the context, or with the probe's member, which goes the same way. */
  readonly received: ReadonlySet<string>;
  /** Services that got any request of the probe. */
  readonly reached: ReadonlySet<string>;
};

/**
 * Says who sent each request. The probe's member names the caller. Where it is gone, the caller is among the services
 * that are declared to call this one and held a request of the probe just then, but for those whose call arrived whole.
 */
export function attribute(
  callersOf: ReadonlyMap<string, readonly string[]>,
  context: string,
  observed: readonly RequestObserved[],
): Walk {
  const whole = new Set(observed.flatMap(({ caller, service }) => (caller ? [edgeKey(caller.service, service)] : [])));
  const calls: Attributed[] = [];
  const received = new Set<string>();
  const reached = new Set<string>();
  for (const one of observed) {
    const { service, inside } = one;
    const entry = one.evidence === 'probe' && one.caller === null;
    const callers = one.caller
      ? [one.caller.service]
      : (callersOf.get(service) ?? []).filter(
          (from) => inside.includes(from) && reached.has(from) && !whole.has(edgeKey(from, service)),
        );
    if (!entry && callers.length === 0) continue;
    // The member is baggage as the context is: whoever passes it on passes on what there is.
    const carried = one.evidence === 'probe' || one.context === context;
    reached.add(service);
    // What the listener stamps, or the router knows by its trace, goes on with a member or a context of its own.
    if (carried || one.stamped || one.evidence === 'trace') received.add(service);
    if (!entry) calls.push({ observed: one, callers, carried });
  }
  return { calls, received, reached };
}

export function edgeKey(from: string, to: string): string {
  return `${from}\n${to}`;
}

/** Who is declared to call a service. */
export function declaredCallers({ services }: EnvironmentGraph): ReadonlyMap<string, readonly string[]> {
  const callers = new Map<string, string[]>();
  for (const { name, dependsOn } of services)
    for (const { service } of dependsOn) {
      const known = callers.get(service) ?? [];
      known.push(name);
      callers.set(service, known);
    }
  return callers;
}
