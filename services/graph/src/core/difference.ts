import { compareText, sortedBy } from '@microstax/model/compare';
import type { Difference, FieldChange, ServiceDifference } from '@microstax/model/difference';
import type { Digest } from '@microstax/model/digest';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import { type Edge, SparseRows } from './sparse-rows.ts';
import { specChanges } from './spec-changes.ts';

/** A longer path keeps its first names and its cause: a chain of n services must not cost n² names. */
export const shownPathLengthMax = 64;

export type DifferenceInput = {
  readonly env: string;
  /** The effective graph that the environment derives from; null for a root, where every service is `added`. */
  readonly parent: EffectiveGraph | null;
  readonly target: EffectiveGraph;
  /** The environment's own declarations. */
  readonly own: Revision;
  readonly derivation: Digest;
};

/**
 * The target against its parent (design 5.2). A service whose own declaration is as before is `impacted` when it
 * depends, over any number of required or optional edges, on one that was added, changed or removed.
 */
export function differenceOf({ env, parent, target, own, derivation }: DifferenceInput): Difference {
  const declared = new Set(own.services.map((declaration) => declaration.name));
  const direct = directDifferences(parent, target, declared);
  const impacts = impactsOf(direct, target);
  return {
    env,
    parent: parent?.env ?? null,
    derivation,
    services: direct.map((difference) => impacted(difference, impacts.get(difference.service))),
  };
}

function directDifferences(
  parent: EffectiveGraph | null,
  target: EffectiveGraph,
  declared: ReadonlySet<string>,
): ServiceDifference[] {
  const old = byName(parent);
  const now = byName(target);
  const all = new Map([...old, ...now]);
  return sortedBy(all.values(), (service) => service.name).map(({ name, identity }) => ({
    service: name,
    identity,
    declared: declared.has(name),
    ...comparison(old.get(name), now.get(name), parent, declared.has(name)),
  }));
}

function comparison(
  before: EffectiveService | undefined,
  after: EffectiveService | undefined,
  parent: EffectiveGraph | null,
  declared: boolean,
): Pick<ServiceDifference, 'state' | 'changes' | 'reason'> {
  const lender = parent?.env ?? '';
  if (after === undefined) return { state: 'removed', changes: [], reason: `removed here, "${lender}" has it` };
  if (before === undefined) {
    const reason = parent === null ? 'a root environment adds every service' : `declared here, "${lender}" has none`;
    return { state: 'added', changes: [], reason };
  }
  const changes = before.specDigest === after.specDigest ? [] : specChanges(before.spec, after.spec);
  if (changes.length > 0) return { state: 'changed', changes, reason: changeReason(changes, lender) };
  const reason = declared
    ? `declared here, but identical to that of "${lender}"`
    : `as in "${lender}", not declared here`;
  return { state: 'unchanged', changes, reason };
}

function changeReason(changes: readonly FieldChange[], parent: string): string {
  const [first, ...others] = changes;
  const kinds = [...new Set(changes.map((change) => change.class))].sort(compareText).join(', ');
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `differs from "${parent}" in ${first?.pointer}${more} (${kinds})`;
}

type Impact = { readonly path: readonly string[]; readonly hops: number; readonly cause: ServiceDifference };

/** Shortest paths to a cause; of several equally short ones the first in the order of names. `direct` is sorted. */
function impactsOf(direct: readonly ServiceDifference[], target: EffectiveGraph): Map<string, Impact> {
  const impacts = new Map<string, Impact>();
  const causes = direct.flatMap(({ state }, id) => (state === 'unchanged' ? [] : [id]));
  if (causes.length === 0 || causes.length === direct.length) return impacts;
  const names = direct.map(({ service }) => service);
  const found = new SparseRows(names, dependencyEdges(target)).reach(causes, { along: 'sources' });
  const next = new Int32Array(names.length);
  const cause = new Int32Array(names.length);
  found.ids.forEach((id, index) => {
    const nearer = found.before[index] as number;
    next[id] = nearer;
    cause[id] = nearer === -1 ? id : (cause[nearer] as number);
    if (nearer === -1) return;
    const path = pathFrom(id, next, cause).map((step) => names[step] as string);
    impacts.set(names[id] as string, {
      path,
      hops: found.hops[index] as number,
      cause: direct[cause[id] as number] as ServiceDifference,
    });
  });
  return impacts;
}

/** From an id to its cause; a long way keeps its start and its cause. */
function pathFrom(start: number, next: Int32Array, cause: Int32Array): number[] {
  const path: number[] = [];
  for (let id = start; id !== -1; id = next[id] as number) {
    if (path.length === shownPathLengthMax - 1) return [...path, cause[start] as number];
    path.push(id);
  }
  return path;
}

function impacted(difference: ServiceDifference, impact: Impact | undefined): ServiceDifference {
  if (impact === undefined) return difference;
  const { path, hops, cause } = impact;
  const more = hops > 2 ? ` and ${hops - 2} more` : '';
  const through = hops > 1 ? `, through "${path[1]}"${more}` : '';
  const own = difference.declared ? `${difference.reason}; ` : '';
  const reason = `${own}depends on "${cause.service}", which is ${cause.state}${through}`;
  return { ...difference, state: 'impacted', path, reason };
}

function* dependencyEdges(graph: EffectiveGraph): Iterable<Edge> {
  for (const { name, spec } of graph.services) for (const { service } of spec.dependsOn) yield [name, service];
}

function byName(graph: EffectiveGraph | null): Map<string, EffectiveService> {
  return new Map(graph?.services.map((service) => [service.name, service]));
}
