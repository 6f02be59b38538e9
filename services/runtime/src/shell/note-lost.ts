import { environmentKey } from '@microstax/contracts/topology';
import { evolveInventory } from '@microstax/model/inventory';
import type { InstanceRecord } from '@microstax/model/journal';
import { failpoint } from '@microstax/service/failpoint';
import { JournalWriter } from './journal-writer.ts';
import { lostEvent } from './prepare.ts';
import type { Runner } from './run-execution.ts';
import type { JournalPosition } from './task.ts';

/**
 * Appends what is missing to the journal of an environment in which nothing runs (protocol 24), and notes the position
 * after it. Undefined where the journal is somebody else's by now.
 */
export async function noteLost(
  position: JournalPosition,
  missing: readonly InstanceRecord[],
  about: { readonly orderly: boolean; readonly reasonOf: (instance: InstanceRecord) => string },
  { world, book, end }: Runner,
): Promise<JournalPosition | undefined> {
  const { org, env, execution, epoch, length } = position;
  const { graph, clock } = world;
  const journal = new JournalWriter({ graph, clock, about: { org, env, execution, epoch }, length, giveUp: end });
  const events = missing.map((instance) =>
    lostEvent(instance, { orderly: about.orderly, reason: about.reasonOf(instance) }),
  );
  const appended = await journal.append(events);
  if (appended.kind !== 'appended') {
    world.log.info({ key: environmentKey(org, env), reason: appended.reason }, 'journal is not ours any more');
    book.forget(org, env);
    return undefined;
  }
  await failpoint('runtime.drift.after-decide');
  const inventory = events.reduce(evolveInventory, position.inventory);
  const next = { ...position, length: journal.length, inventory };
  book.note(next);
  return next;
}
