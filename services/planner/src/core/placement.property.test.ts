import { sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import type { Derivation } from '@microstax/model/derivation';
import type { Plan } from '@microstax/model/plan';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftPlan, type PlanDecision, type PlanInput } from './plan.ts';
import { allPlacements, type NaivePlacement } from './testing/naive-placement.ts';
import { compositions, type RandomCase } from './testing/random-composition.ts';
import { noVerdicts } from './verdicts.ts';

const slowMs = 120_000; // many graphs on a machine that others use too
const many = process.env.MSX_ORACLE === 'long' ? 20 : 1;

/** What the graph would hand over for a random case. */
function inputOf({ composition, difference, facts }: RandomCase): PlanInput {
  const sealed = sealArtifact('facts', facts);
  const derivation: Derivation = {
    org: 'default',
    env: 'own',
    revision: sealed.digest,
    lineage: [],
    outside: [],
    wanted: 'running',
    policy: sealed.digest,
    facts: sealed.digest,
  };
  return {
    derivation: sealArtifact('derivation', derivation),
    facts: sealed,
    composition: sealArtifact('composition', composition),
    difference: sealArtifact('difference', difference),
  };
}

function namesOf(plan: Plan, which: (one: Plan['placements'][number]) => boolean): ReadonlySet<string> {
  return new Set(plan.placements.filter(which).map(({ service }) => service));
}

function objectiveOf(plan: Plan): number | null {
  return plan.candidates.find(({ name }) => name === 'balanced')?.objectiveMicros ?? null;
}

/** That the plan is the one assignment that is least in price, and of these least local; or rightly refused. */
function checkAgainst(decision: PlanDecision, allowed: readonly NaivePlacement[]): void {
  if (decision.kind === 'refused') {
    expect(allowed).toEqual([]);
    return;
  }
  const { plan } = decision;
  const local = namesOf(plan, ({ kind }) => kind === 'local');
  const context = namesOf(plan, ({ carriesContext }) => carriesContext);
  const micros = Math.min(...allowed.map((one) => one.micros));
  expect(objectiveOf(plan)).toBe(micros);
  const least = allowed.filter((one) => one.micros === micros);
  const own = least.filter((one) => same(one.local, local));
  expect(own).toHaveLength(1);
  expect([...(own[0]?.context ?? [])].sort()).toEqual([...context].sort());
  for (const other of least) expect(other.local.isSupersetOf(local)).toBe(true);
}

describe('draftPlan() against requests sent through every assignment', () => {
  const seen = { drafted: 0, refused: 0, priced: 0, implied: 0, queues: 0 };

  const judge = (one: RandomCase): void => {
    const decision = draftPlan(inputOf(one));
    checkAgainst(decision, allPlacements(one.composition, one.difference, one.facts));
    seen[decision.kind] += 1;
    if (decision.kind === 'refused') return;
    const codes = decision.plan.placements.flatMap(({ reasons }) => reasons[0]?.code ?? []);
    if (codes.includes('cheaper-here')) seen.priced += 1;
    if (codes.includes('context-must-pass')) seen.implied += 1;
    if (codes.includes('queue-follows-consumer') || codes.includes('consumer-follows-queue')) seen.queues += 1;
  };

  test('finds the one least assignment of small graphs, and refuses exactly where there is none', {
    timeout: slowMs,
  }, () => {
    fc.assert(fc.property(compositions(7), judge), { numRuns: 2_000 * many, seed: 5_3 });
    expect(seen.drafted).toBeGreaterThan(400);
    expect(seen.refused).toBeGreaterThan(150);
    expect(seen.priced).toBeGreaterThan(60);
    expect(seen.implied).toBeGreaterThan(40);
    expect(seen.queues).toBeGreaterThan(20);
  });

  test('finds it for graphs of up to sixteen services too', { timeout: slowMs }, () => {
    fc.assert(fc.property(compositions(16), judge), { numRuns: 400 * many, seed: 16 });
  });
});

/** A plan or null, and the whole price of what it is least in. */
function planned(input: PlanInput): { readonly plan: Plan; readonly micros: number } | null {
  const decision = draftPlan(input);
  return decision.kind === 'refused' ? null : { plan: decision.plan, micros: objectiveOf(decision.plan) ?? -1 };
}

describe('draftPlan() on random overlays', () => {
  test('costs no less under one more constraint', { timeout: slowMs }, () => {
    let dearer = 0;
    fc.assert(
      fc.property(compositions(16), fc.nat(15), fc.boolean(), (one, at, required): void => {
        const before = planned(inputOf(one));
        const service = one.composition.services[at % one.composition.services.length]?.name ?? '';
        const verdict = [{ policy: 'p', service, message: 'm' }];
        const verdicts = { ...noVerdicts, ...(required ? { required: verdict } : { forbidden: verdict }) };
        const after = planned({ ...inputOf(one), verdicts });
        // What is forbidden and optional without a provider is denied instead: then less is asked for, not more.
        const gone = after?.plan.placements.find((placement) => placement.service === service)?.kind === 'denied';
        if (gone) return;
        if (before === null) expect(after).toBeNull();
        if (before === null || after === null) return;
        expect(after.micros).toBeGreaterThanOrEqual(before.micros);
        if (after.micros > before.micros) dearer += 1;
      }),
      { numRuns: 600 * many, seed: 1 },
    );
    expect(dearer).toBeGreaterThan(60);
  });

  test('takes no message of the queue it derives from, unless everybody there tells messages apart', {
    timeout: slowMs,
  }, () => {
    let shared = 0;
    fc.assert(
      fc.property(compositions(12), (one): void => {
        const kinds = new Map(planned(inputOf(one))?.plan.placements.map(({ service, kind }) => [service, kind]));
        const live = one.composition.services.filter(({ name, removed }) => !removed && kinds.get(name) !== 'denied');
        const uses = live.flatMap(({ name, spec }) => spec.dependsOn.map((dependency) => ({ name, ...dependency })));
        for (const { name, service, kind } of uses) {
          if (kind !== 'consumes' || kinds.get(name) !== 'local') continue;
          if (kinds.get(service) === 'local' || kinds.get(service) === 'denied') continue;
          shared += 1;
          const users = uses.filter((use) => use.service === service && ['publishes', 'consumes'].includes(use.kind));
          expect(users.every(({ propagates }) => propagates)).toBe(true);
        }
      }),
      { numRuns: 1_000 * many, seed: 2 },
    );
    expect(shared).toBeGreaterThan(1);
  });

  test('crosses no bridge back: what is provided from elsewhere is never provided by itself', {
    timeout: slowMs,
  }, () => {
    fc.assert(
      fc.property(compositions(12), (one): void => {
        for (const { kind, provider } of planned(inputOf(one))?.plan.placements ?? []) {
          expect(provider === undefined).toBe(kind === 'local' || kind === 'denied');
          expect(provider?.env).not.toBe('own');
        }
      }),
      { numRuns: 500 * many, seed: 3 },
    );
  });

  test('is the same plan under other names: to the byte where their order stays, in every choice where it does not', {
    timeout: slowMs,
  }, () => {
    fc.assert(
      fc.property(compositions(16), fc.array(fc.nat(999), { minLength: 16, maxLength: 16 }), (drawn, numbers): void => {
        const one = renamed(drawn, (at) => `s${padded(at)}`);
        const before = planned(inputOf(one))?.plan;
        const kept = planned(inputOf(renamed(one, (at) => `t${padded(at)}`)))?.plan;
        expect(before === undefined).toBe(kept === undefined);
        if (before === undefined || kept === undefined) return;
        expect(choicesOf(kept)).toEqual(choicesOf(before, (name) => `t${name.slice(1)}`));
        expect(kept.placements.map(({ reasons }) => reasons)).toEqual(
          before.placements.map(({ reasons }) => JSON.parse(JSON.stringify(reasons).replaceAll(/\bs(\d+)\b/g, 't$1'))),
        );
        const other = (at: number): string => `x${numbers[at]}-${at}`;
        const mixed = planned(inputOf(renamed(one, other)))?.plan;
        const back = (name: string): string => `s${padded(Number(name.split('-')[1]))}`;
        expect(mixed && choicesOf(mixed, back)).toEqual(choicesOf(before));
      }),
      { numRuns: 400 * many, seed: 4 },
    );
  });
});

function padded(at: number): string {
  return String(at).padStart(2, '0');
}

/** What was decided, whatever the order: where each service runs, and what it all costs. */
function choicesOf(plan: Plan, name = (text: string): string => text) {
  const placements = plan.placements.map(({ service, kind, carriesContext, code }) => ({
    service: name(service),
    kind,
    carriesContext,
    code,
  }));
  const money = plan.candidates.map(({ microsPerHour, objectiveMicros, feasible }) => [
    microsPerHour,
    objectiveMicros,
    feasible,
  ]);
  return { placements: sortedBy(placements, ({ service }) => service), money };
}

/** The same case with every service called otherwise, sorted by its new names. */
function renamed({ composition, difference, facts }: RandomCase, name: (at: number) => string): RandomCase {
  const text = JSON.stringify({ composition, difference }).replaceAll(/"s(\d+)"/g, (_, at) => `"${name(Number(at))}"`);
  const pointed = text.replaceAll(/\/dependsOn\/s(\d+)/g, (_, at) => `/dependsOn/${name(Number(at))}`);
  const other = JSON.parse(pointed) as Pick<RandomCase, 'composition' | 'difference'>;
  return {
    composition: { ...other.composition, services: sortedBy(other.composition.services, (one) => one.name) },
    difference: { ...other.difference, services: sortedBy(other.difference.services, (one) => one.service) },
    facts,
  };
}

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}
