import type { EnvironmentGraph, GenerationRef } from '@microstax/contracts/graph-views';
import type { Difference } from '@microstax/model/difference';
import type { EffectiveGraph } from '@microstax/model/effective-graph';
import type { Plan } from '@microstax/model/plan';
import { providedBy } from '@microstax/model/provided-by';

export type GraphParts = {
  readonly at: GenerationRef;
  readonly effective: EffectiveGraph;
  /** Nearest first. */
  readonly ancestors: readonly string[];
  readonly difference: Difference;
  readonly plan: Plan | null;
};

/** An effective graph with what the difference and the plan say of each of its services. */
export function environmentGraph({ at, effective, ancestors, difference, plan }: GraphParts): EnvironmentGraph {
  const states = new Map(difference.services.map(({ service, state }) => [service, state]));
  const placements = new Map(plan?.placements.map((placement) => [placement.service, placement]));
  return {
    ...at,
    mode: effective.mode,
    ancestors,
    services: effective.services.map(({ name, identity, owner, specDigest, spec }) => ({
      name,
      identity,
      owner,
      state: states.get(name) ?? 'unchanged',
      specDigest,
      expose: spec.expose,
      stateful: spec.stateful,
      dependsOn: spec.dependsOn,
      placement: placements.get(name)?.kind ?? null,
      provider: providedBy(placements.get(name) ?? {}),
    })),
    removed: difference.services.filter(({ state }) => state === 'removed').map(({ service }) => service),
  };
}
