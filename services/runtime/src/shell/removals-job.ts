import { surplusInstances } from '../core/instances.ts';
import type { JobContext } from './job-context.ts';
import type { JobOutcome } from './job-outcome.ts';
import { expireRoutes } from './route-key.ts';

/**
 * Ends what the plan does not want, once the routers have nothing under way to it or `drainMs` are over (protocol 25). Of
 * a deleted environment everything goes: its table and with it the listeners, data and secrets.
 */
export async function removalsJob(context: JobContext): Promise<JobOutcome> {
  const { task, world, inventory } = context;
  const { org, env, plan, epoch } = task;
  const scope = { org, env };
  const surplus = surplusInstances(plan, inventory());
  const ids = surplus.map(({ id }) => id);
  if (ids.length > 0 && !(await drain(ids, context))) return { kind: 'cancelled' };
  const fences = await Promise.all(surplus.map((instance) => world.driver.stop(scope, instance, epoch)));
  if (fences.includes('fenced')) return fencedOut(env);
  if (plan.wanted === 'deleted') {
    await expireRoutes(world.tables, { org, env, epoch });
    if ((await world.driver.clear(scope, epoch)) === 'fenced') return fencedOut(env);
  }
  return { kind: 'done', result: { kind: 'removed', instances: ids } };
}

/**
 * False where a newer generation came meanwhile: it may want what is drained here, and who is waited for may be waiting for
 * it, such as a request that calls what this plan put to sleep.
 */
async function drain(instances: readonly string[], { task, world, signal }: JobContext): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => cancel(), { once: true });
  const { org, env } = task;
  const { drainMs: timeoutMs } = world.limits;
  const ids = await world.routers.ids();
  // Idle, silent or gone: after `drainMs` the removal goes on in any case.
  await Promise.race([
    cancelled,
    Promise.all(ids.map((id) => world.routers.idle(id, { org, env, instances, timeoutMs }))),
  ]);
  return !signal.aborted;
}

function fencedOut(env: string): JobOutcome {
  return { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
}
