import { environmentKey } from '@microstax/contracts/topology';
import type { InstanceRecord } from '@microstax/model/journal';
import { refreshEstate, takeUpDoubted, takeUpOrphans } from './estate.ts';
import { noteLost } from './note-lost.ts';
import { missingInstances } from './prepare.ts';
import type { Runner } from './run-execution.ts';
import { sayDrift } from './say-drift.ts';
import type { JournalPosition } from './task.ts';

/** Looks every `observeMs` at what serves, until the process ends (protocol 24). */
export async function observeLoop(runner: Runner): Promise<void> {
  const { clock, limits, log } = runner.world;
  for (;;) {
    await clock.delay(limits.observeMs, runner.end);
    if (runner.end.aborted) return;
    await observeAll(runner).catch((err: unknown) => log.warn({ err }, 'cannot look at what serves; trying again'));
  }
}

/** One look: what is missing is first appended as `lost`, then the graph derives again. */
export async function observeAll(runner: Runner): Promise<void> {
  let stale = false;
  for (const { org, env } of runner.book.all()) {
    await runner.runs.whileIdle(environmentKey(org, env), async () => {
      if (await observeOne(org, env, runner)) stale = true;
    });
  }
  if (stale) await refreshEstate(runner);
  await takeUpDoubted(runner);
  await takeUpOrphans(runner);
}

/** True where the journal moved without us, so that this process has to ask again what it looks after. */
async function observeOne(org: string, env: string, runner: Runner): Promise<boolean> {
  const position = runner.book.get(org, env);
  if (!position) return false;
  const missing = await missingInstances({ org, env }, position.inventory, runner.world);
  const noted = missing.length > 0 ? await note(position, missing, runner) : position;
  if (!noted) return true;
  const owed = runner.book.owed(org, env);
  return owed !== undefined && !(await sayDrift(noted, owed, runner));
}

async function note(
  position: JournalPosition,
  missing: readonly InstanceRecord[],
  runner: Runner,
): Promise<JournalPosition | undefined> {
  const { org, env } = position;
  const words = await Promise.all(missing.map((instance) => runner.world.driver.lastWords({ org, env }, instance)));
  const reasonOf = (instance: InstanceRecord): string => words[missing.indexOf(instance)] ?? 'it has ended';
  const noted = await noteLost(position, missing, { orderly: false, reasonOf }, runner);
  if (noted) runner.book.owe(org, env, { services: missing.map(({ service }) => service), orderly: false });
  return noted;
}
