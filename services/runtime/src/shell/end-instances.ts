import { instancesWereLost } from '../events.ts';
import { refreshEstate } from './estate.ts';
import { noteLost } from './note-lost.ts';
import type { Runner } from './run-execution.ts';
import type { JournalPosition } from './task.ts';

/** An orderly end (protocol 24): stops every process of ours at once and says so in the journals, which is no drift. */
export async function endInstances(runner: Runner): Promise<void> {
  const { log } = runner.world;
  // Another runtime may have left something behind a moment ago.
  await refreshEstate(runner).catch((err: unknown) => log.warn({ err }, 'cannot ask the graph what to end'));
  await Promise.all(
    runner.book
      .all()
      .map((position) =>
        endIn(position, runner).catch((err: unknown) =>
          log.error({ err, org: position.org, env: position.env }, 'cannot end the processes of an environment'),
        ),
      ),
  );
}

async function endIn(position: JournalPosition, runner: Runner): Promise<void> {
  const { org, env, epoch, inventory } = position;
  const scope = { org, env };
  const { driver, log } = runner.world;
  const living = await driver.list(scope);
  if ((await Promise.all(living.map((instance) => driver.stop(scope, instance, epoch)))).includes('fenced')) return;
  if (inventory.instances.length === 0) return;
  const noted = await noteLost(
    position,
    inventory.instances,
    { orderly: true, reasonOf: () => 'the runtime ended' },
    runner,
  );
  const services = [...new Set(inventory.instances.map(({ service }) => service))].sort();
  instancesWereLost(log, { org, env, services, orderly: true, answer: noted ? 'noted' : 'not ours' });
}
