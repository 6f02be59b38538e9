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

const tiers = 6;

/**
 * An overlay on a large baseline, as the graph would hand it over. Services stand in six tiers and call the next one, now
 * and then the one behind it; the first tier is exposed, the last one stores, written to over tcp; one in fifty of the
 * tier before is a queue. What changes stands in the third tier.
 */
export function largeEnvironment({ services: count, edges, changed, seed, prices }: LargeEnvironment): PlanInput {
  const random = seededRandom(seed);
  const dependencies = dependenciesOf(count, edges, random);
  const differing = new Set(Array.from({ length: changed }, () => inTier(2, count, random)));
  const services = dependencies.map((dependsOn, at) =>
    composed({ at, count, dependsOn, differs: differing.has(at) }, random),
  );
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

function tierOf(at: number, count: number): number {
  return Math.floor((at * tiers) / count);
}

function inTier(tier: number, count: number, random: SeededRandom): number {
  return random.integer(Math.ceil((tier * count) / tiers), Math.ceil(((tier + 1) * count) / tiers) - 1);
}

function dependenciesOf(count: number, edges: number, random: SeededRandom): DependencyDraft[][] {
  const lists = Array.from({ length: count }, (): Map<number, DependencyDraft> => new Map());
  for (let made = 0; made < edges; made += 1) {
    const tier = random.integer(0, tiers - 2);
    const from = inTier(tier, count, random);
    const below = random.next() < 0.9 ? tier + 1 : Math.min(tier + 2, tiers - 1);
    const to = inTier(below, count, random);
    if (!isQueue(from, count)) lists[from]?.set(to, dependencyOn(to, count, random));
  }
  for (let at = 0; at < count - 1; at += 1)
    if (isQueue(at, count))
      lists[at + 1]?.set(at, { service: nameOf(at), kind: 'consumes', protocol: 'tcp', propagates: false });
  return lists.map((list) => [...list.values()]);
}

function isQueue(at: number, count: number): boolean {
  return tierOf(at, count) === tiers - 2 && tierOf(at + 1, count) === tiers - 2 && at % 50 === 0;
}

function dependencyOn(to: number, count: number, random: SeededRandom): DependencyDraft {
  const service = nameOf(to);
  if (isQueue(to, count)) return { service, kind: 'publishes', protocol: 'tcp', propagates: false };
  if (tierOf(to, count) === tiers - 1) return { service, kind: 'writes', protocol: 'tcp', propagates: false };
  return { service, propagates: random.next() < 0.99, required: random.next() < 0.9 };
}

type Service = { at: number; count: number; dependsOn: readonly DependencyDraft[]; differs: boolean };

function composed({ at, count, dependsOn, differs }: Service, random: SeededRandom): ComposedService {
  const name = nameOf(at);
  const resources = { cpuMillicores: random.integer(20, 500), memoryBytes: 128 * 1024 ** 2, storageBytes: 0 };
  const spec = aService(name, { dependsOn, expose: tierOf(at, count) === 0, resources });
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
