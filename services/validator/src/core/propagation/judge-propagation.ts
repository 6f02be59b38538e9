import type { EnvironmentGraph, GraphService } from '@microstax/contracts/graph-views';
import type { PropagationEdge, PropagationReply } from '@microstax/contracts/propagation';
import { sortedBy } from '@microstax/model/compare';
import type { Finding } from '@microstax/model/finding';
import type { DependencySpec } from '@microstax/model/service-spec';
import { type Attributed, attribute, declaredCallers, edgeKey, type RequestObserved, type Walk } from './attribute.ts';

export type PropagationInput = {
  readonly graph: EnvironmentGraph;
  /** The context value that the probes carried. */
  readonly context: string;
  /** The services at which probes entered. */
  readonly entries: readonly string[];
  /** What was observed of each probe, in the order it was said. */
  readonly probes: readonly (readonly RequestObserved[])[];
};

export type PropagationJudgement = Pick<PropagationReply, 'edges' | 'findings' | 'culprits'>;

/** Compares where the context was carried with where it is declared to be, and names who drops it (design 5.7). */
export function judgePropagation({ graph, context, entries, probes }: PropagationInput): PropagationJudgement {
  const callersOf = declaredCallers(graph);
  const walks = probes.map((observed) => attribute(callersOf, context, observed));
  const sightings = sightingsOf(walks);
  const walked = reachable(graph, entries);
  const declared = graph.services
    .filter(({ name }) => walked.has(name))
    .flatMap((caller) => caller.dependsOn.map((dependency) => edgeOf(caller, dependency, sightings)));
  const edges = sortedBy(declared, ({ from, to }) => edgeKey(from, to));
  const findings = [...edges.flatMap(findingOf), ...undeclared(graph, walks)];
  const culprits = [...new Set(edges.filter(differs).map(({ from }) => from))].sort();
  return { edges, findings, culprits };
}

/** Whether what was seen contradicts what is declared. */
export function differs({ declared, observed }: Pick<PropagationEdge, 'declared' | 'observed'>): boolean {
  return declared && observed === 'dropped';
}

/** All walks by edge and by service: there may be a thousand of either. */
type Sightings = {
  readonly callsOf: ReadonlyMap<string, readonly { readonly walk: number; readonly call: Attributed }[]>;
  /** The walks in which a service got the context. */
  readonly receivedIn: ReadonlyMap<string, ReadonlySet<number>>;
  readonly reached: ReadonlySet<string>;
};

const nowhere: ReadonlySet<number> = new Set();

function sightingsOf(walks: readonly Walk[]): Sightings {
  const callsOf = new Map<string, { walk: number; call: Attributed }[]>();
  const receivedIn = new Map<string, Set<number>>();
  const reached = new Set<string>();
  for (const [walk, { calls, received, reached: there }] of walks.entries()) {
    for (const call of calls)
      for (const from of call.callers) {
        const key = edgeKey(from, call.observed.service);
        const known = callsOf.get(key) ?? [];
        known.push({ walk, call });
        callsOf.set(key, known);
      }
    for (const service of received) receivedIn.set(service, (receivedIn.get(service) ?? new Set()).add(walk));
    for (const service of there) reached.add(service);
  }
  return { callsOf, receivedIn, reached };
}

function edgeOf(caller: GraphService, dependency: DependencySpec, sightings: Sightings): PropagationEdge {
  const { name: from } = caller;
  const { service: to, kind, protocol, propagates: declared } = dependency;
  const found = look(from, to, sightings);
  const seen = found.kind === 'seen' ? found : { observed: 'not seen' as const, stamped: false, evidence: null };
  const reason = found.kind === 'seen' ? found.reason : notSeen(from, dependency, sightings);
  const { observed, stamped, evidence } = seen;
  return { from, to, kind, protocol, declared, observed, stamped, evidence, reason };
}

type Looked =
  | ({ readonly kind: 'seen'; readonly reason: string } & Pick<PropagationEdge, 'observed' | 'stamped' | 'evidence'>)
  | { readonly kind: 'nothing' };

function look(from: string, to: string, { callsOf, receivedIn }: Sightings): Looked {
  const calls = callsOf.get(edgeKey(from, to)) ?? [];
  const dropped = calls.filter(({ call }) => !call.carried);
  const visits = receivedIn.get(from) ?? nowhere;
  const certain = dropped.find(({ call }) => call.observed.evidence !== 'time');
  // A stranger may come while a probe is under way, once; what time alone says has to hold for every probe that was there.
  const droppedIn = new Set(dropped.map(({ walk }) => walk));
  const always = dropped.length === calls.length && [...visits].every((walk) => droppedIn.has(walk));
  const worst = certain ?? (always ? dropped[0] : undefined);
  if (worst !== undefined && visits.size > 0) return droppedBy(from, to, worst.call);
  const carried = calls.find(({ call }) => call.carried);
  if (carried === undefined) return { kind: 'nothing' };
  const { evidence } = carried.call.observed;
  const how = evidence === 'probe' ? 'baggage came along' : 'the context came along, baggage did not';
  return { kind: 'seen', observed: 'carried', stamped: false, evidence, reason: how };
}

function droppedBy(from: string, to: string, { observed, callers }: Attributed): Looked {
  const { evidence, stamped, env } = observed;
  const how =
    evidence === 'trace'
      ? `a request with the trace of the probe, and without its context, came to ${to}`
      : `a request without a context came to ${to} while ${from} answered the probe`;
  const others = callers.filter((one) => one !== from);
  const doubt = others.length > 0 ? `; it may be ${others.join(' or ')} that sent it` : '';
  const put = stamped ? `; the listener of ${env} stamps it` : '';
  return { kind: 'seen', observed: 'dropped', stamped, evidence, reason: `${how}${doubt}${put}` };
}

function notSeen(from: string, { service: to, kind, protocol }: DependencySpec, sightings: Sightings): string {
  if (kind === 'publishes' || kind === 'consumes') return 'messages pass no router: check it where they are consumed';
  if (protocol !== 'http' && protocol !== 'grpc') return `${protocol} is passed through, no router reads it`;
  if (!sightings.reached.has(from)) return `no probe reached ${from}`;
  if (!sightings.receivedIn.has(from)) return `${from} got no context itself: it was lost before`;
  return `${from} did not call ${to} for this request; try another --path`;
}

function findingOf(edge: PropagationEdge): Finding[] {
  if (!differs(edge)) return [];
  const { from, to, protocol, kind, reason, stamped, evidence } = edge;
  return [
    {
      severity: stamped ? 'warning' : 'error',
      code: 'context-dropped',
      subject: from,
      reason: `${from} is declared to pass the context on to ${to} and drops it: ${reason}`,
      next: `let ${from} pass it on (libs/propagate), or declare it in ${from}: dependsOn: [{ service: ${to}, propagates: false }]`,
      evidence: { to, protocol, kind, seenBy: evidence ?? 'nothing' },
    },
  ];
}

/** Calls that no Blueprint knows: no plan counts on them, so nothing can be promised about them. */
function undeclared({ services }: EnvironmentGraph, walks: readonly Walk[]): Finding[] {
  const known = new Set(
    services.flatMap(({ name, dependsOn }) => dependsOn.map(({ service }) => edgeKey(name, service))),
  );
  const seen = new Map<string, { from: string; to: string }>();
  for (const { observed } of walks.flatMap(({ calls }) => calls)) {
    if (observed.caller === null) continue;
    const edge = { from: observed.caller.service, to: observed.service };
    const key = edgeKey(edge.from, edge.to);
    if (!known.has(key)) seen.set(key, edge);
  }
  return sortedBy([...seen], ([key]) => key).map(([, { from, to }]) => ({
    severity: 'warning',
    code: 'undeclared-call',
    subject: from,
    reason: `${from} calls ${to}, which it does not declare`,
    next: `declare it in ${from}: dependsOn: [${to}]`,
  }));
}

function reachable({ services }: EnvironmentGraph, entries: readonly string[]): ReadonlySet<string> {
  const byName = new Map(services.map((service) => [service.name, service]));
  const reached = new Set<string>();
  const open = [...entries];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const { service } of byName.get(name)?.dependsOn ?? []) open.push(service);
  }
  return reached;
}
