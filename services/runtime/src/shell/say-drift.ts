import { failpoint } from '@microstax/service/failpoint';
import { instancesWereLost } from '../events.ts';
import type { Runner } from './run-execution.ts';
import type { JournalPosition } from './task.ts';

/** What the journal says is lost, and the graph has not been told as drift yet. */
export type OwedDrift = { readonly services: readonly string[]; readonly orderly: boolean };

/**
 * Tells the graph what is gone, so that it derives again (protocol 24). The book keeps what could not be told, because the
 * journal has it by then and no later look would find it missing.
 */
export async function sayDrift(position: JournalPosition, drift: OwedDrift, runner: Runner): Promise<boolean> {
  const { org, env, epoch } = position;
  const { world, book } = runner;
  const { services, orderly } = book.owe(org, env, drift);
  const reply = await world.graph.drift(org, { env, epoch, services, orderly });
  await failpoint('runtime.drift.after-say');
  book.settle(org, env);
  instancesWereLost(world.log, { org, env, services, orderly, answer: reply.kind });
  return reply.kind !== 'fenced';
}
