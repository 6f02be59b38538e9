// Owns: what a runtime left in the world and no inventory owns (`msx sweep`).
// 1. It is listed unless it is said to be removed, and what is not known to be ours is never listed.
// 2. The world is looked at before the graph is asked, so that nothing under way looks unowned (core/orphans.ts).
// 3. Before something of an environment is removed both are looked at anew, while no run of ours is under way there; what
//    another runtime claims meanwhile is fenced by its epoch (protocol 23).
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Orphan, SweepReply, SweepRequest } from '@microstax/contracts/runtime-requests';
import { environmentKey } from '@microstax/contracts/topology';
import type { RouteTable } from '@microstax/model/route-table';
import { type FoundOrphan, type KnownEnvironment, orphansOf } from '../core/orphans.ts';
import { orphansWereSwept } from '../events.ts';
import { foundScopes, stampedEpoch } from './driver/found-scopes.ts';
import { deleteRoutes } from './route-key.ts';
import type { Runner } from './run-execution.ts';
import { servingArtifacts } from './serving-table.ts';

/** Lists what nobody owns below a data directory and among the route tables, and removes it where that is asked for. */
export async function sweepWorld(dataDir: string, request: SweepRequest, runner: Runner): Promise<SweepReply> {
  const { world } = runner;
  const listed = await look(dataDir, runner);
  const orphans: Orphan[] = [];
  for (const [env, found] of Map.groupBy(listed, (orphan) => orphan.env)) {
    if (request.remove !== true) orphans.push(...found.map((orphan) => shown(orphan, null)));
    else orphans.push(...(await removeOf(env, found, { dataDir, request, runner })));
  }
  orphansWereSwept(world.log, { org: runner.org, found: orphans.length, removed: orphans.filter(isRemoved).length });
  return { kind: 'swept', host: world.owner.host, dataDir, orphans };
}

const removed = 'removed';

function isRemoved({ outcome }: Orphan): boolean {
  return outcome === removed;
}

function shown({ kind, env, name, pid, reason }: FoundOrphan, outcome: string | null): Orphan {
  return { kind, env, name, ...(pid === undefined ? {} : { pid }), reason, outcome };
}

async function look(dataDir: string, runner: Runner, only?: string): Promise<readonly FoundOrphan[]> {
  const { org } = runner;
  const scopes = (await foundScopes(dataDir, org)).filter(({ env }) => only === undefined || env === only);
  const routed = await routedEnvironments(runner, only);
  const known = await knownEnvironments(runner, only); // invariant 2
  const bare = [...routed].filter((env) => !scopes.some((scope) => scope.env === env));
  const found = [
    ...scopes.map((scope) => ({ ...scope, isRouted: routed.has(scope.env) })),
    ...bare.map((env) => ({ env, instances: [], folders: [], isRouted: true })),
  ];
  return found.flatMap((environment) => orphansOf(environment, known.get(environment.env)));
}

/** Those with a table; what a deleted one leaves says that its context is expired, and is meant to stay. */
async function routedEnvironments({ org, world }: Runner, only: string | undefined): Promise<ReadonlySet<string>> {
  const named = (await world.tables.keys()).flatMap((key) => {
    const [ofOrg, env = ''] = key.split('.');
    return ofOrg === org && (only === undefined || env === only) ? [env] : [];
  });
  const tables = named.map(async (env) => ({
    env,
    entry: await world.tables.get<RouteTable>(environmentKey(org, env)),
  }));
  return new Set((await Promise.all(tables)).flatMap(({ env, entry }) => (entry?.value.expired ? [] : [env])));
}

async function knownEnvironments(
  { org, world }: Runner,
  only: string | undefined,
): Promise<ReadonlyMap<string, KnownEnvironment>> {
  const { environments } = await world.graph.estate(org, only);
  const known = await Promise.all(
    environments.map(async (entry): Promise<readonly [string, KnownEnvironment]> => {
      const serving = await servingArtifacts(entry, world);
      const instances = new Set(entry.inventory.instances.map(({ id }) => id));
      return [entry.env, { open: entry.open, instances, isDeleted: serving?.plan.wanted === 'deleted' }];
    }),
  );
  return new Map(known);
}

type Removing = { readonly dataDir: string; readonly request: SweepRequest; readonly runner: Runner };

async function removeOf(env: string, listed: readonly FoundOrphan[], about: Removing): Promise<readonly Orphan[]> {
  const { runner, dataDir } = about;
  const { org, runs } = runner;
  let done: readonly Orphan[] | undefined;
  await runs.whileIdle(environmentKey(org, env), async () => {
    const still = await look(dataDir, runner, env); // invariant 3
    const outcomes: Orphan[] = [];
    for (const orphan of listed) {
      const same = still.find(({ kind, name }) => kind === orphan.kind && name === orphan.name);
      outcomes.push(shown(orphan, same ? await removeOne(same, about) : 'it is owned, or gone, by now'));
    }
    done = outcomes;
  });
  return done ?? listed.map((orphan) => shown(orphan, 'something is executed there'));
}

async function removeOne(orphan: FoundOrphan, { dataDir, request, runner }: Removing): Promise<string> {
  const { org, world } = runner;
  const scope = { org, env: orphan.env };
  try {
    const [entry] = (await world.graph.estate(org, orphan.env)).environments;
    const epoch = Math.max(entry?.epoch ?? 0, await stampedEpoch(dataDir, scope));
    if (orphan.record) {
      const fence = await world.driver.stop(scope, orphan.record, epoch);
      return fence === 'fenced' ? 'a newer owner was here' : removed;
    }
    if (orphan.kind === 'route') {
      const entry = await world.tables.get<{ readonly epoch: number }>(environmentKey(org, orphan.env));
      await deleteRoutes(world.tables, { ...scope, epoch: Math.max(epoch, entry?.value.epoch ?? 0) });
      return removed;
    }
    if (request.folders !== true) return 'folders go with --folders only';
    await rm(join(dataDir, orphan.name), { recursive: true, force: true });
    return removed;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
