import { environmentKey } from '@microstax/contracts/topology';
import type { InstanceRecord, Inventory, JournalEvent } from '@microstax/model/journal';
import type { RouteTable } from '@microstax/model/route-table';
import type { EnvironmentStatus } from '@microstax/model/status';
import { awaitVerdict } from '../core/await-verdict.ts';
import { bind } from '../core/bind.ts';
import { type Execution, evolveAll } from '../core/execution-state.ts';
import { emptyRouteTable } from '../core/route-table.ts';
import { strangersWereEnded } from '../events.ts';
import type { Scope } from './driver/driver.ts';
import { type RouteEntry, writeRoutes } from './route-key.ts';
import { servingTable } from './serving-table.ts';
import type { ExecutionTask } from './task.ts';
import type { World } from './world.ts';

export type Fences =
  | { readonly kind: 'raised'; readonly stamped: RouteEntry | undefined }
  | { readonly kind: 'fenced'; readonly reason: string };

/**
 * What an owner does after every claim and takeover, before its first job: raises the fences of driver and route key
 * (protocol 23), and ends what no journal knows and what a dead leader left of its group.
 */
export async function raiseFences(task: ExecutionTask, execution: Execution, world: World): Promise<Fences> {
  const { org, env, epoch } = task;
  const scope = { org, env };
  const fenced: Fences = { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
  // Both at once: neither leans on the other, and nothing below happens before both are up.
  const [driver, routes] = await Promise.all([world.driver.stamp(scope, epoch), stampRoutes(task, world)]);
  if (driver === 'fenced' || routes.kind === 'fenced') return fenced;
  const strangers = await strangersOf(task, execution, world);
  const ended = [...(await missingInstances(task, execution.inventory, world)), ...strangers];
  const stops = await Promise.all(ended.map((instance) => world.driver.stop(scope, instance, epoch)));
  if (stops.includes('fenced')) return fenced;
  if (strangers.length > 0) strangersWereEnded(world.log, { ...scope, instances: strangers.map(({ id }) => id) });
  return { kind: 'raised', stamped: routes.entry };
}

export type Beginning = {
  /** To be appended before the first job. */
  readonly events: readonly JournalEvent[];
  /** Providers that the plan awaits and that serve already. */
  readonly serving: ReadonlySet<string>;
};

/** Tells what is missing (protocol 24) and binds the plan to what is left (20). */
export async function begin(task: ExecutionTask, execution: Execution, world: World): Promise<Beginning> {
  const missing = await missingInstances(task, execution.inventory, world);
  const lost = missing.map((instance) => lostEvent(instance, { orderly: false, reason: 'it has ended' }));
  const { bound, inventory } = evolveAll(execution, lost);
  const binding: JournalEvent[] = bound ? [] : [{ type: 'bound', actions: bind(task.plan, inventory).actions }];
  return { events: [...lost, ...binding], serving: await servingProviders(task, world) };
}

/** Instances of an inventory that do not live. */
export async function missingInstances(
  { org, env }: Scope,
  { instances }: Inventory,
  { driver }: Pick<World, 'driver'>,
): Promise<readonly InstanceRecord[]> {
  return instances.length === 0 ? [] : driver.missing({ org, env }, instances);
}

export function lostEvent(
  { id, service }: InstanceRecord,
  about: { readonly orderly: boolean; readonly reason: string },
): JournalEvent {
  return { type: 'lost', instance: id, service, ...about };
}

// An execution that was fenced while its job ran could not say what it started; only disk and /proc know.
async function strangersOf(
  { org, env }: ExecutionTask,
  execution: Execution,
  world: World,
): Promise<readonly InstanceRecord[]> {
  const known = new Set([
    ...execution.inventory.instances.map(({ id }) => id),
    ...Object.values(execution.jobs).flatMap(({ instance }) => (instance === null ? [] : [instance])),
  ]);
  return (await world.driver.list({ org, env })).filter(({ id }) => !known.has(id));
}

// Where the bus has forgotten the table, what serves is stamped: an empty one would end it for every router (protocol 29).
function stampRoutes({ org, env, epoch, generation, plan, resolution }: ExecutionTask, world: World) {
  const stamp = async (present: RouteTable | undefined): Promise<RouteTable | undefined> => {
    if (present && !present.expired) return { ...present, epoch };
    const serving = generation > 1 ? await servingTable(org, env, epoch, world) : undefined;
    if (serving) return serving;
    return plan.wanted === 'deleted' ? present && { ...present, epoch } : emptyRouteTable({ resolution, epoch });
  };
  // Of an environment that was never claimed before there is no table.
  return writeRoutes(world.tables, { org, env, epoch }, stamp, epoch === 1 ? 'absent' : undefined);
}

// Protocol 21 reads before it watches; whoever serves at this read is not waited for.
async function servingProviders({ org, plan }: ExecutionTask, { statuses }: World): Promise<ReadonlySet<string>> {
  const names = new Set(
    plan.jobs.flatMap(({ kind, provider }) => (kind === 'await' && provider ? [provider.env] : [])),
  );
  const serving = new Set<string>();
  await Promise.all(
    [...names].map(async (name) => {
      const status = await statuses.get<EnvironmentStatus>(environmentKey(org, name));
      if (awaitVerdict(name, status?.value).kind === 'ready') serving.add(name);
    }),
  );
  return serving;
}
