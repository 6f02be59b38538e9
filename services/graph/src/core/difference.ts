import { compareText } from '@microstax/model/compare';
import type { Difference, FieldChange, ServiceDifference } from '@microstax/model/difference';
import type { Digest } from '@microstax/model/digest';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import { indexed } from './indexed-graph.ts';
import type { SparseRows } from './sparse-rows.ts';
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
  const { rows, services } = indexed(target, parent);
  const direct = directDifferences({ names: rows.names, parent, after: services, declared });
  return {
    env,
    parent: parent?.env ?? null,
    derivation,
    services: withImpacts(direct, rows).filter((difference) => difference !== undefined),
  };
}

type Compared = {
  readonly names: readonly string[];
  readonly parent: EffectiveGraph | null;
  /** By id, as all that follows. */
  readonly after: readonly (EffectiveService | undefined)[];
  readonly declared: ReadonlySet<string>;
};

/** By id; undefined for what neither has and somebody depends on. */
function directDifferences({ names, parent, after, declared }: Compared): (ServiceDifference | undefined)[] {
  const old = parent?.services ?? [];
  const formerNames = new FormerNames(old);
  const inherited = `as in "${parent?.env}", not declared here`;
  let next = 0;
  return names.map((name, id): ServiceDifference | undefined => {
    const was = old[next]?.name === name ? old[next++] : undefined;
    const is = after[id];
    const { identity } = is ?? was ?? {};
    if (identity === undefined) return undefined;
    const isDeclared = declared.has(name);
    if (was !== undefined && was === is && !isDeclared)
      return { changes: none, declared: false, identity, reason: inherited, service: name, state: 'unchanged' };
    const formerName = parent !== null && was === undefined ? formerNames.of(identity) : undefined;
    if (formerName !== undefined) return renamed(name, { identity, formerName, lender: parent?.env ?? '' });
    return { service: name, identity, declared: isDeclared, ...comparison(was, is, parent, isDeclared) };
  });
}

const none: readonly FieldChange[] = [];

/** What the parent calls a service of an identity; read only where something is new, which is seldom. */
class FormerNames {
  readonly #services: readonly EffectiveService[];
  #names: ReadonlyMap<string, string> | null = null;

  constructor(services: readonly EffectiveService[]) {
    this.#services = services;
  }

  of(identity: string): string | undefined {
    this.#names ??= new Map(this.#services.map((service) => [service.identity, service.name]));
    return this.#names.get(identity);
  }
}

function renamed(
  service: string,
  { identity, formerName, lender }: { identity: string; formerName: string; lender: string },
): ServiceDifference {
  const reason = `renamed here, "${lender}" calls it "${formerName}"`;
  return { service, identity, declared: true, state: 'added', changes: none, formerName, reason };
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

/** Shortest paths to a cause; of several equally short ones the first in the order of names. */
function withImpacts(
  direct: readonly (ServiceDifference | undefined)[],
  rows: SparseRows,
): (ServiceDifference | undefined)[] {
  const services = [...direct];
  const causes: number[] = [];
  direct.forEach((difference, id) => {
    if (difference !== undefined && difference.state !== 'unchanged') causes.push(id);
  });
  if (causes.length === 0) return services;
  const found = rows.reach(causes, { along: 'sources' });
  const next = new Int32Array(rows.size);
  const cause = new Int32Array(rows.size);
  for (let index = 0; index < found.ids.length; index++) {
    const id = found.ids[index] as number;
    const nearer = found.before[index] as number;
    next[id] = nearer;
    cause[id] = nearer === -1 ? id : (cause[nearer] as number);
    if (nearer === -1) continue;
    services[id] = impacted(direct[id] as ServiceDifference, {
      path: pathFrom(id, next, cause).map((step) => rows.names[step] as string),
      hops: found.hops[index] as number,
      cause: direct[cause[id] as number] as ServiceDifference,
    });
  }
  return services;
}

type Impact = { readonly path: readonly string[]; readonly hops: number; readonly cause: ServiceDifference };

/** From an id to its cause; a long way keeps its start and its cause. */
function pathFrom(start: number, next: Int32Array, cause: Int32Array): number[] {
  const path: number[] = [];
  for (let id = start; id !== -1; id = next[id] as number) {
    if (path.length === shownPathLengthMax - 1) return [...path, cause[start] as number];
    path.push(id);
  }
  return path;
}

function impacted(difference: ServiceDifference, { path, hops, cause }: Impact): ServiceDifference {
  const more = hops > 2 ? ` and ${hops - 2} more` : '';
  const through = hops > 1 ? `, through "${path[1]}"${more}` : '';
  const own = difference.declared ? `${difference.reason}; ` : '';
  const reason = `${own}depends on "${cause.service}", which is ${cause.state}${through}`;
  return { ...difference, state: 'impacted', path, reason };
}
