import { sealArtifact } from '@microstax/model/artifact';
import type { Derivation } from '@microstax/model/derivation';
import type { Plan } from '@microstax/model/plan';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftPlan, type PlanDecision, type PlanInput } from './plan.ts';
import { allPlacements, type NaivePlacement } from './testing/naive-placement.ts';
import { compositions, type RandomCase } from './testing/random-composition.ts';

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

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}
