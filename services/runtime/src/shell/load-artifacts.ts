import type { Digest } from '@microstax/model/digest';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { Graph } from './graph.ts';

export type ExecutionArtifacts = { readonly plan: Plan; readonly resolution: Resolution };

/** What a takeover executes, from the store. Throws where the store has lost an artifact that it recorded. */
export async function loadArtifacts(
  graph: Graph,
  org: string,
  digests: { readonly plan: Digest; readonly resolution: Digest },
): Promise<ExecutionArtifacts> {
  const plan = await graph.artifact<Plan>(org, 'plan', digests.plan);
  const resolution = await graph.artifact<Resolution>(org, 'resolution', digests.resolution);
  if (!plan) throw new Error(`Cannot execute plan ${digests.plan}: the graph has no such artifact`);
  if (!resolution) throw new Error(`Cannot route by resolution ${digests.resolution}: the graph has no such artifact`);
  return { plan, resolution };
}
