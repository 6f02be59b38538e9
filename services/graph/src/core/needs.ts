import type { DependencySpec, PortProtocol } from '@microstax/model/service-spec';
import type { IndexedGraph, Origin } from './indexed-graph.ts';

/** What a caller here asks of a service: a port, and a version of its contract. */
export type Need = {
  readonly caller: string;
  readonly port: string | undefined;
  readonly protocol: PortProtocol;
  /** Only a version is asked where a dependency has no port. */
  readonly speaks: boolean;
  readonly contract: string | undefined;
};

/** By id of the service that is asked, none twice; undefined where nobody asks. */
export type Needs = readonly (readonly Need[] | undefined)[];

/**
 * What callers ask of each service, in the order of their names. Of a graph that derives from another one only those
 * services are looked at that a caller of its own asks, or asked there.
 */
export function needsOf(graph: IndexedGraph): Needs {
  const before = known.get(graph);
  if (before !== undefined) return before;
  const needs = graph.origin === null ? allNeeds(graph) : inheritedNeeds(graph, graph.origin);
  known.set(graph, needs);
  return needs;
}

// It holds what lives as long as the graph itself and nothing longer.
const known = new WeakMap<IndexedGraph, Needs>();

function allNeeds({ rows, services }: IndexedGraph): Needs {
  const needs = new Map(rows.names.map((name): [string, Need[]] => [name, []]));
  for (const service of services) if (service !== undefined) collect(service, needs);
  return rows.names.map((name) => needs.get(name));
}

function inheritedNeeds(graph: IndexedGraph, { base, moved, touched }: Origin): Needs {
  const { rows, services } = graph;
  const needs: (readonly Need[] | undefined)[] = new Array(rows.size).fill(undefined);
  for (const [old, inherited] of needsOf(base).entries()) needs[moved[old] as number] = inherited;
  const asked = askedBy(graph, { base, moved, touched });
  const anew = new Map([...asked].map((id): [string, Need[]] => [rows.names[id] as string, []]));
  const callers = new Set([...asked].flatMap((id) => [...rows.sourcesOf(id)]));
  for (const caller of Int32Array.from(callers).sort()) {
    const service = services[caller];
    if (service !== undefined) collect(service, anew);
  }
  for (const id of asked) needs[id] = anew.get(rows.names[id] as string);
  return needs;
}

/** Ids of what the touched services depend on now, or did there. */
function askedBy({ rows }: IndexedGraph, { base, moved, touched }: Origin): ReadonlySet<number> {
  const asked = new Set<number>();
  for (const id of touched) {
    for (const target of rows.targetsOf(id)) asked.add(target);
    const old = base.rows.idOf(rows.names[id] as string);
    if (old !== undefined) for (const target of base.rows.targetsOf(old)) asked.add(moved[target] as number);
  }
  return asked;
}

/** Adds what one caller asks of the services that are in the map. */
function collect(
  { name: caller, spec }: { readonly name: string; readonly spec: { readonly dependsOn: readonly DependencySpec[] } },
  needs: ReadonlyMap<string, Need[]>,
): void {
  for (const { service, kind, port, protocol, contract } of spec.dependsOn) {
    const speaks = port !== undefined || kind === 'calls';
    if (service === caller || !(speaks || contract !== undefined)) continue;
    const sofar = needs.get(service);
    if (sofar === undefined || sofar.some((other) => isSame(other, { port, protocol, speaks, contract }))) continue;
    sofar.push({ caller, port, protocol, speaks, contract });
  }
}

function isSame(one: Need, other: Omit<Need, 'caller'>): boolean {
  return (
    one.port === other.port &&
    one.protocol === other.protocol &&
    one.speaks === other.speaks &&
    one.contract === other.contract
  );
}
