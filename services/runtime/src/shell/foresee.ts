import type { ClaimReply, ClaimRequest } from '@microstax/contracts/graph-requests';
import { environmentKey } from '@microstax/contracts/topology';
import { emptyInventory, type JournalEvent } from '@microstax/model/journal';
import { decideNext } from '../core/decide-next.ts';
import { initialExecution } from '../core/execution-state.ts';
import { intendedAhead } from './executor.ts';
import { begin } from './prepare.ts';
import type { Runner } from './run-execution.ts';
import type { ExecutionTask } from './task.ts';

type Foreseen = NonNullable<ClaimRequest['first']>;

/**
 * What an execution will append first, before its claim is answered, so that the claim carries it (protocol 20): nothing in
 * the world has to be looked at where the environment has no instances. The graph takes it only where the journal stands
 * where this process believes it to.
 */
export async function foresee(
  about: Pick<ExecutionTask, 'org' | 'env' | 'generation' | 'plan' | 'resolution'>,
  { world, runs, book }: Runner,
): Promise<Foreseen | undefined> {
  const { org, env, generation, plan } = about;
  const position = book.get(org, env);
  if (position === undefined && generation !== 1) return undefined;
  const { length, inventory } = position ?? { length: 0, inventory: emptyInventory };
  if (inventory.instances.length > 0 || runs.isRunning(environmentKey(org, env))) return undefined;
  const id = `${env}@${generation}`;
  const execution = initialExecution({ id, generation, plan, inventory });
  const task = { ...about, execution: id, epoch: 0, length, inventory, events: [] };
  const { events: binding, serving } = await begin(task, execution, world);
  const maxParallel = Math.max(intendedAhead, world.limits.maxParallel);
  const { events } = decideNext(execution, plan, binding, { maxParallel, running: new Set(), serving });
  return { length: length + 1, events }; // after the claim's own entry
}

/**
 * What the journal says of the execution after a claim. The length alone does not tell whether what was foreseen is in it:
 * a journal that stood elsewhere than believed may end at the same number.
 */
export function eventsAfter(
  first: Foreseen | undefined,
  { length, foreseen }: Pick<Extract<ClaimReply, { kind: 'claimed' }>, 'length' | 'foreseen'>,
): readonly JournalEvent[] {
  if (first === undefined) return [];
  const isStored = foreseen ?? length === first.length + first.events.length; // a graph of before did not say
  return isStored ? first.events : [];
}
