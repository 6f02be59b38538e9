import { sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import type { Candidate, ComposedService, Composition } from '@microstax/model/composition';
import type { Derivation, Wanted } from '@microstax/model/derivation';
import type { ChangeClass, Difference, FieldChange, ServiceDifference } from '@microstax/model/difference';
import { defaultPrices, type Facts } from '@microstax/model/facts';
import type { Revision } from '@microstax/model/revision';
import { type ServiceSpec, specDigest } from '@microstax/model/service-spec';
import type { PlanInput } from '../plan.ts';

type Owned = { readonly env: string; readonly identity: string; readonly spec: ServiceSpec };

const classes: Readonly<Record<string, ChangeClass>> = {
  run: 'behaviour',
  args: 'behaviour',
  env: 'behaviour',
  secrets: 'behaviour',
  dependsOn: 'behaviour',
  ports: 'contract',
  stateful: 'data',
  resources: 'capacity',
  sharing: 'policy',
  expose: 'policy',
};

/** What the graph would hand to the planner for a lineage, the environment itself first, its root last. */
export function derived(lineage: readonly Revision[], how: { readonly wanted?: Wanted; readonly facts?: Facts } = {}) {
  const [own] = lineage;
  if (own === undefined) throw new Error('Cannot derive from nothing: the lineage holds no revision');
  const facts = sealArtifact('facts', how.facts ?? { prices: defaultPrices, siblings: [], expectedHours: 8 });
  const derivation = sealArtifact('derivation', {
    org: own.org,
    env: own.env,
    revision: sealArtifact('revision', own).digest,
    lineage: [],
    outside: [],
    wanted: how.wanted ?? 'running',
    policy: sealArtifact('policy', []).digest,
    facts: facts.digest,
  } satisfies Derivation);
  const services = composedServices(lineage);
  const composition: Composition = {
    env: own.env,
    mode: own.mode,
    root: lineage.at(-1)?.env ?? own.env,
    ancestors: lineage.slice(1).map(({ env }) => env),
    rootRouting: { headerName: 'x-msx-env', unknown: 'baseline' },
    derivation: derivation.digest,
    services,
  };
  const difference: Difference = {
    env: own.env,
    parent: lineage[1]?.env ?? null,
    derivation: derivation.digest,
    services: differencesOf(lineage, services),
  };
  return {
    derivation,
    facts,
    composition: sealArtifact('composition', composition),
    difference: sealArtifact('difference', difference),
  } satisfies PlanInput;
}

function effective(lineage: readonly Revision[]): ReadonlyMap<string, Owned> {
  const [own, ...above] = lineage;
  if (own === undefined) return new Map();
  const services = new Map(effective(above));
  for (const declaration of own.services) {
    if (declaration.kind === 'remove') {
      services.delete(declaration.name);
      continue;
    }
    const { name, identity, spec } = declaration;
    const parent = services.get(name);
    const moves = parent === undefined || changesOf(parent.spec, spec).some((change) => isMoving(change.class));
    services.set(name, { env: moves ? own.env : parent.env, identity, spec });
  }
  return services;
}

function composedServices(lineage: readonly Revision[]): ComposedService[] {
  const [own, ...above] = lineage;
  const here = effective(lineage);
  const inherited = effective(above);
  const names = new Set([...here.keys(), ...inherited.keys()]);
  const layers = above.map((_, depth) => effective(above.slice(depth)));
  return sortedBy(names, (name) => name).map((name) => {
    const service = here.get(name) ?? inherited.get(name);
    if (service === undefined || own === undefined) throw new Error(`Cannot compose "${name}": nobody declares it`);
    const removed = !here.has(name);
    const candidates = removed ? [] : candidatesOf(layers, above.at(-1)?.env, name, service.spec);
    return {
      name,
      identity: service.identity,
      owner: removed ? own.env : service.env,
      removed,
      spec: service.spec,
      specDigest: specDigest(service.spec),
      candidates,
      remote: candidates.find(({ eligible }) => eligible) ?? null,
    };
  });
}

function candidatesOf(
  layers: readonly ReadonlyMap<string, Owned>[],
  root: string | undefined,
  name: string,
  spec: ServiceSpec,
): Candidate[] {
  const owners = new Map<string, Candidate>();
  for (const layer of layers) {
    const owned = layer.get(name);
    if (owned === undefined || owners.has(owned.env)) continue;
    const eligible = spec.sharing !== 'deny';
    owners.set(owned.env, {
      env: owned.env,
      service: name,
      specDigest: specDigest(owned.spec),
      tier: owned.env === root ? 'baseline' : 'inherited ancestor',
      eligible,
      reason: eligible ? `declares ${name}` : `${name} may not be shared`,
      ...(eligible ? {} : { code: 'sharing-denied' }),
    });
  }
  return [...owners.values()];
}

function differencesOf(lineage: readonly Revision[], services: readonly ComposedService[]): ServiceDifference[] {
  const [own, ...above] = lineage;
  const parent = effective(above);
  const declared = new Set(own?.services.map(({ name }) => name));
  const known = services.filter(({ name, removed }) => !removed || parent.has(name));
  return known.map(({ name, identity, spec, removed }) => {
    const before = parent.get(name);
    const changes = before === undefined || removed ? [] : changesOf(before.spec, spec);
    const formerName = before === undefined ? formerNameOf(parent, identity) : undefined;
    const state = removed ? 'removed' : before === undefined ? 'added' : changes.length > 0 ? 'changed' : 'unchanged';
    const renamed = formerName === undefined ? {} : { formerName };
    return { service: name, identity, state, declared: declared.has(name), changes, ...renamed, reason: state };
  });
}

function formerNameOf(parent: ReadonlyMap<string, Owned>, identity: string): string | undefined {
  return [...parent].find(([, service]) => service.identity === identity)?.[0];
}

function changesOf(before: ServiceSpec, after: ServiceSpec): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort() as (keyof ServiceSpec)[];
  return keys.flatMap((key) => {
    const [old, now] = [JSON.stringify(before[key]) ?? null, JSON.stringify(after[key]) ?? null];
    return old === now ? [] : [{ pointer: `/${key}`, class: classes[key] ?? 'metadata', before: old, after: now }];
  });
}

function isMoving(name: ChangeClass): boolean {
  return name === 'behaviour' || name === 'contract' || name === 'data';
}
