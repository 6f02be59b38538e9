import type { InstanceRecord, JournalEvent } from '@microstax/model/journal';
import type { Execution } from '../core/execution-state.ts';
import { lostEvent } from './prepare.ts';
import type { ExecutionTask } from './task.ts';
import type { World } from './world.ts';

export type TornDown =
  | { readonly kind: 'done'; readonly events: readonly JournalEvent[] }
  | { readonly kind: 'fenced'; readonly reason: string };

/**
 * Ends what a failed execution started, while no route leads there (protocol 19: what served goes on serving). Logs stay
 * for a diagnosis. From the routes job on there is no way back: what is routed to stays.
 */
export async function tearDown(task: ExecutionTask, execution: Execution, world: World): Promise<TornDown> {
  const { org, env, epoch } = task;
  const jobs = Object.values(execution.jobs);
  if (jobs.some(({ kind, state }) => kind === 'routes' && state !== 'waiting')) return { kind: 'done', events: [] };
  const started = jobs
    .filter(({ kind, action }) => kind === 'workload' && (action === 'create' || action === 'replace'))
    .flatMap(({ instance }) => (instance === null ? [] : [instance]));
  const recorded = execution.inventory.instances.filter(({ id }) => started.includes(id));
  const unrecorded = await Promise.all(
    started
      .filter((id) => !recorded.some((instance) => instance.id === id))
      .map((id) => world.driver.find({ org, env }, id)),
  );
  const all: InstanceRecord[] = [...recorded, ...unrecorded.filter((instance) => instance !== undefined)];
  const fences = await Promise.all(all.map((instance) => world.driver.stop({ org, env }, instance, epoch)));
  if (fences.includes('fenced')) return { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
  const reason = 'ended, because the activation that started it failed';
  return { kind: 'done', events: recorded.map((instance) => lostEvent(instance, { orderly: true, reason })) };
}
