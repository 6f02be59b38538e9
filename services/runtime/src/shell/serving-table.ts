import type { EstateReply } from '@microstax/contracts/graph-requests';
import type { RouteTable } from '@microstax/model/route-table';
import { routeTable } from '../core/route-table.ts';
import { type ExecutionArtifacts, loadArtifacts } from './load-artifacts.ts';
import type { World } from './world.ts';

export type EstateEntry = EstateReply['environments'][number];

/** What serves, from the store; undefined while nothing does. */
export async function servingArtifacts(
  { org, serving }: EstateEntry,
  { graph }: Pick<World, 'graph'>,
): Promise<(ExecutionArtifacts & { readonly generation: number }) | undefined> {
  if (serving === null) return undefined;
  return { ...(await loadArtifacts(graph, org, serving)), generation: serving.generation };
}

/** The table of what an environment serves, made from the store alone: what a bus that forgot gets again (protocol 29). */
export async function servingTable(
  org: string,
  env: string,
  epoch: number,
  world: Pick<World, 'graph'>,
): Promise<RouteTable | undefined> {
  const [entry] = (await world.graph.estate(org, env)).environments;
  const artifacts = entry && (await servingArtifacts(entry, world));
  if (!entry || !artifacts || artifacts.plan.wanted === 'deleted') return undefined;
  return routeTable({ ...artifacts, inventory: entry.inventory, epoch });
}
