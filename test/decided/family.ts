import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import type { Composition } from '@microstax/model/composition';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { Revision } from '@microstax/model/revision';
import type { RouteTable } from '@microstax/model/route-table';
import type { PortProtocol } from '@microstax/model/service-spec';
import { derive } from '../../services/graph/src/core/derive.ts';
import { deriveArtifacts } from '../../services/graph/src/core/derive-artifacts.ts';
import { namedOutside } from '../../services/graph/src/core/named-outside.ts';
import { offerOf } from '../../services/graph/src/core/offer.ts';
import { aRequest, aState, born, type Known } from '../../services/graph/src/core/testing/states.ts';
import { draftPlan, type PlanInput } from '../../services/planner/src/core/plan.ts';
import { resolve } from '../../services/resolver/src/core/resolve.ts';

/** What graph, planner and resolver decide about one environment. */
export type Decided = {
  readonly env: string;
  readonly revision: Revision;
  readonly composition: Composition;
  readonly plan: Plan;
  readonly resolution: Resolution;
  /** What the router would have once all that the plan wants runs: one instance each. */
  readonly table: RouteTable;
};

export type FamilyOptions = {
  readonly routed?: readonly PortProtocol[];
  /** Environments that mappings and pools may name. */
  readonly outside?: readonly Known[];
  /** How many others hold something of a pool. */
  readonly poolHolders?: ReadonlyMap<string, number>;
};

/**
 * Sends revisions through the cores of graph, planner and resolver, parents before children. Without those that are
 * refused, and what derives from them.
 */
export function decideFamily(
  revisions: readonly Revision[],
  { routed, outside = [], poolHolders }: FamilyOptions = {},
): readonly Decided[] {
  const known = new Map<string, Known>();
  const decided: Decided[] = [];
  for (const revision of revisions) {
    const lineage = lineageOf(revision, known);
    if (lineage === null) continue;
    const named = namedOutside(
      revision,
      lineage.map((ancestor) => ancestor.revision),
    );
    const beside = outside.filter(({ revision: { env } }) => named.includes(env));
    const input = derived(revision, lineage, { routed, outside: beside, poolHolders });
    const decision = draftPlan(input);
    if (decision.kind === 'refused') continue;
    if (derive(aRequest(revision.env), aState(revision, lineage)).kind !== 'revised') continue;
    known.set(revision.env, born(revision, lineage));
    decided.push(decidedFrom(revision, input, sealArtifact('plan', decision.plan)));
  }
  return decided;
}

/** Nearest first; null where one of them was refused. */
function lineageOf({ parent }: Revision, known: ReadonlyMap<string, Known>): readonly Known[] | null {
  const lineage: Known[] = [];
  for (let at = parent?.env; at !== undefined; ) {
    const one = known.get(at);
    if (one === undefined) return null;
    lineage.push(one);
    at = one.revision.parent?.env;
  }
  return lineage;
}

function derived(
  revision: Revision,
  lineage: readonly Known[],
  {
    routed,
    outside = [],
    poolHolders,
  }: { readonly [Option in keyof FamilyOptions]: FamilyOptions[Option] | undefined },
) {
  const state = aState(revision, lineage, {
    outside: outside.map((known) => ({
      environment: known.environment,
      offer: must(offerOf(known.environment), 'a known environment has an offer'),
      chain: [known.revision],
    })),
    ...(poolHolders === undefined ? {} : { poolHolders }),
  });
  const { all } = deriveArtifacts(aRequest(revision.env), state);
  const input = Object.fromEntries(all.map((artifact) => [artifact.kind, artifact])) as unknown as PlanInput;
  if (routed === undefined) return input;
  return { ...input, facts: sealArtifact('facts', { ...input.facts.value, routedProtocols: routed }) };
}

function decidedFrom(revision: Revision, { composition }: PlanInput, plan: Artifact<Plan>): Decided {
  const { env } = revision;
  const resolution = resolve({ revision: sealArtifact('revision', revision), composition, plan });
  const endpoints = Object.values(plan.value.specs).flatMap(({ name, ports }) =>
    ports.map((port, index) => ({
      service: name,
      port: port.name,
      host: '127.0.0.1',
      targetPort: 10_000 + index,
      instance: `${name}-0`,
    })),
  );
  const { org, context, records } = resolution;
  const table: RouteTable = { org, env, epoch: 1, generation: 1, context, listeners: [], records, endpoints };
  return { env, revision, composition: composition.value, plan: plan.value, resolution, table };
}
