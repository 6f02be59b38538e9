import { sealArtifact } from '@microstax/model/artifact';
import type { Candidate, ComposedService, Composition } from '@microstax/model/composition';
import type { Derivation } from '@microstax/model/derivation';
import type { Difference, ServiceDifference } from '@microstax/model/difference';
import { defaultPrices, type Facts, type PriceTable } from '@microstax/model/facts';
import { specDigest } from '@microstax/model/service-spec';
import { aService, type DependencyDraft } from '@microstax/testkit/blueprints';
import { type SeededRandom, seededRandom } from '@microstax/testkit/random';
import type { PlanInput } from '../core/plan.ts';

export type LargeEnvironment = {
  readonly services: number;
  readonly edges: number;
  /** How many the overlay changes. */
  readonly changed: number;
  readonly seed: number;
  readonly prices?: Partial<PriceTable>;
};

/**
 * An overlay on a large baseline, as the graph would hand it over. Services call others that come after them, mostly near
 * ones; one in eight is a store that is written to over tcp, one in a hundred a queue with a consumer.
 */
export function largeEnvironment({ services: count, edges, changed, seed, prices }: LargeEnvironment): PlanInput {
  const random = seededRandom(seed);
  const dependencies = dependenciesOf(count, edges, random);
  const differing = new Set(Array.from({ length: changed }, () => 8 * random.integer(1, Math.floor(count / 8) - 1)));
  const services = dependencies.map((dependsOn, at) => composed(at, dependsOn, differing.has(at), random));
  const facts: Facts = { prices: { ...defaultPrices, ...prices }, siblings: [], expectedHours: 8 };
  const sealedFacts = sealArtifact('facts', facts);
  const derivation = sealArtifact('derivation', {
    org: 'default',
    env: 'overlay',
    revision: sealedFacts.digest,
    lineage: [],
    outside: [],
    wanted: 'running',
    policy: sealedFacts.digest,
    facts: sealedFacts.digest,
  } satisfies Derivation);
  const composition: Composition = {
    env: 'overlay',
    mode: 'overlay',
    root: 'baseline',
    ancestors: ['baseline'],
    rootRouting: { headerName: 'x-msx-env', unknown: 'baseline' },
    derivation: derivation.digest,
    services,
  };
  const difference: Difference = {
    env: 'overlay',
    parent: 'baseline',
    derivation: derivation.digest,
    services: services.map(({ name, identity }, at) => differenceOf(name, identity, differing.has(at))),
  };
  return {
    derivation,
    facts: sealedFacts,
    composition: sealArtifact('composition', composition),
    difference: sealArtifact('difference', difference),
  };
}

function nameOf(at: number): string {
  return `s${String(at).padStart(6, '0')}`;
}

function dependenciesOf(count: number, edges: number, random: SeededRandom): DependencyDraft[][] {
  const lists = Array.from({ length: count }, (): Map<number, DependencyDraft> => new Map());
  for (let made = 0; made < edges; ) {
    const from = random.integer(0, count - 2);
    if (isStore(from) || isQueue(from)) continue; // they call nobody
    const reach = random.next() < 0.9 ? Math.min(count - 1 - from, 50) : count - 1 - from;
    const to = from + random.integer(1, reach);
    lists[from]?.set(to, dependencyOn(to, random));
    made += 1;
  }
  for (let queue = 99; queue < count - 1; queue += 100)
    lists[queue + 1]?.set(queue, { service: nameOf(queue), kind: 'consumes', protocol: 'tcp', propagates: false });
  return lists.map((list) => [...list.values()]);
}

function isQueue(at: number): boolean {
  return at % 100 === 99;
}

function isStore(at: number): boolean {
  return at % 8 === 7;
}

function dependencyOn(to: number, random: SeededRandom): DependencyDraft {
  const service = nameOf(to);
  if (isQueue(to)) return { service, kind: 'publishes', protocol: 'tcp', propagates: false };
  if (isStore(to)) return { service, kind: 'writes', protocol: 'tcp', propagates: false };
  return { service, propagates: random.next() < 0.998, required: random.next() < 0.9 };
}

function composed(
  at: number,
  dependsOn: readonly DependencyDraft[],
  differs: boolean,
  random: SeededRandom,
): ComposedService {
  const name = nameOf(at);
  const resources = { cpuMillicores: random.integer(20, 500), memoryBytes: 128 * 1024 ** 2, storageBytes: 0 };
  const spec = aService(name, { dependsOn, expose: at % 100 === 0, resources });
  const digest = specDigest(spec);
  const offer = { service: name, specDigest: digest, eligible: true, reason: `declares ${name}` };
  const remote: Candidate = { ...offer, env: 'baseline', tier: 'baseline' };
  const owner = differs ? 'overlay' : 'baseline';
  const identity = `svc-${at}`;
  return { name, identity, owner, removed: false, spec, specDigest: digest, candidates: [remote], remote };
}

function differenceOf(service: string, identity: string, differs: boolean): ServiceDifference {
  const change = { pointer: '/env/VERSION', class: 'behaviour', before: '1', after: '2' } as const;
  const state = differs ? 'changed' : 'unchanged';
  return { service, identity, state, declared: differs, changes: differs ? [change] : [], reason: state };
}
