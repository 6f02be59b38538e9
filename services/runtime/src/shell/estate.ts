import { environmentKey } from '@microstax/contracts/topology';
import { inSpan, traceContextOf } from '@microstax/service/telemetry';
import { wantedInstances, workloadJobs } from '../core/instances.ts';
import { routeTable } from '../core/route-table.ts';
import { instancesWereAdopted } from '../events.ts';
import { noteLost } from './note-lost.ts';
import { missingInstances } from './prepare.ts';
import { writeRoutes } from './route-key.ts';
import type { Runner } from './run-execution.ts';
import { sayDrift } from './say-drift.ts';
import { type EstateEntry, servingArtifacts } from './serving-table.ts';
import { goOnWith, whyAbandoned } from './take-over.ts';
import type { JournalPosition } from './task.ts';

/**
 * What a runtime does at start, before it hears anything, and when the bus came back: adopts what lives, tells what is
 * missing, takes over what a dead owner on this host left open (protocol 22, 24), and writes route tables that the bus
 * forgot (29). May be repeated at any time. What could not be taken up, because something runs there or is away, is doubted
 * until a later look can.
 */
export async function takeUpEstate(runner: Runner): Promise<void> {
  runner.book.doubtAll();
  const { environments } = await runner.world.graph.estate(runner.org);
  runner.book.doubtEach(environments);
  for (const entry of environments) await tryToTakeUp(entry, runner);
}

/** Takes up what could not be taken up before. */
export async function takeUpDoubted(runner: Runner): Promise<void> {
  if (runner.book.isAllDoubted()) return takeUpEstate(runner);
  for (const { org, env } of runner.book.doubted()) {
    const [entry] = (await runner.world.graph.estate(org, env)).environments;
    if (entry) await tryToTakeUp(entry, runner);
    else runner.book.trust(org, env);
  }
}

/** Takes up what nobody looks after: another runtime of this host owned it, and has ended without a successor. */
export async function takeUpOrphans(runner: Runner): Promise<void> {
  const { environments } = await runner.world.graph.estate(runner.org);
  for (const entry of environments) {
    const { org, env, open, epoch, execution, owner } = entry;
    if (execution === null || owner === null) continue;
    const isOurs = !open && runner.book.get(org, env) !== undefined;
    if (!isOurs && whyAbandoned({ execution, epoch, owner }, entry, runner) !== undefined)
      await tryToTakeUp(entry, runner);
  }
}

async function tryToTakeUp(entry: EstateEntry, runner: Runner): Promise<void> {
  await takeUp(entry, runner).catch((err: unknown) =>
    runner.world.log.warn({ err, org: entry.org, env: entry.env }, 'cannot take up an environment yet'),
  );
}

/** Asks again what there is to look after, where another writer moved a journal on. */
export async function refreshEstate({ org, world, book, runs }: Runner): Promise<void> {
  const { environments } = await world.graph.estate(org);
  for (const entry of environments) {
    const position = positionOf(entry);
    if (position && !entry.open && !runs.isRunning(environmentKey(entry.org, entry.env))) book.note(position);
  }
}

async function takeUp(entry: EstateEntry, runner: Runner): Promise<void> {
  const { org, env, generation, epoch, execution, owner } = entry;
  if (entry.open) {
    if (execution === null || owner === null) return;
    const held = { execution, epoch, owner };
    if (whyAbandoned(held, entry, runner) === undefined) return;
    // protocol 31: who goes on does so in the trace of the activation
    const parent = entry.traceparent === null ? {} : { parent: traceContextOf(entry.traceparent) };
    return inSpan(runner.world.tracer, 'take up', { ...parent, attributes: { 'msx.execution': execution } }, () =>
      runner.runs.claiming(environmentKey(org, env), () => goOnWith(held, { org, env, generation }, runner)),
    );
  }
  const position = positionOf(entry);
  if (!position) return runner.book.trust(org, env);
  runner.book.note(position);
  await runner.runs.whileIdle(environmentKey(org, env), async () => {
    await heal(entry, position, runner);
    runner.book.trust(org, env);
  });
}

async function heal(entry: EstateEntry, position: JournalPosition, runner: Runner): Promise<void> {
  const { org, env } = entry;
  const { world } = runner;
  const missing = await missingInstances(entry, position.inventory, world);
  const about = { orderly: false, reasonOf: () => 'it was not there when the runtime started' };
  const noted = missing.length > 0 ? await noteLost(position, missing, about, runner) : position;
  if (!noted) return;
  // The journal has it now: where telling the graph fails below, the next look does.
  if (missing.length > 0) {
    runner.book.owe(org, env, { services: missing.map(({ service }) => service), orderly: false });
  }
  if (noted.inventory.instances.length > 0) {
    instancesWereAdopted(world.log, { org, env, instances: noted.inventory.instances.length });
  }
  await restoreRoutes(entry, noted, runner);
  const services = await servicesThatServedAndAreGone(entry, noted, runner);
  runner.book.settle(org, env);
  if (services.length === 0) return;
  // What an orderly end noted is no drift; what is found missing only now is.
  await sayDrift(noted, { services, orderly: missing.length === 0 }, runner);
}

async function servicesThatServedAndAreGone(
  entry: EstateEntry,
  position: JournalPosition,
  { world }: Runner,
): Promise<readonly string[]> {
  const artifacts = await servingArtifacts(entry, world);
  if (!artifacts) return [];
  const there = wantedInstances(artifacts.plan, position.inventory);
  const gone = workloadJobs(artifacts.plan).filter(({ id }) => !there.has(id));
  return [...new Set(gone.map(({ service }) => service))];
}

async function restoreRoutes(entry: EstateEntry, position: JournalPosition, { world }: Runner): Promise<void> {
  const { org, env, epoch } = entry;
  const artifacts = await servingArtifacts(entry, world);
  if (!artifacts || artifacts.plan.wanted === 'deleted') return;
  const { inventory } = position;
  await writeRoutes(world.tables, { org, env, epoch }, (present) => {
    const table = routeTable({ ...artifacts, inventory, epoch });
    // A failed generation may have asked for other listeners than those that what serves is reached by.
    return present?.generation === table.generation ? { ...table, listeners: present.listeners } : table;
  });
}

function positionOf({
  org,
  env,
  generation,
  execution,
  epoch,
  length,
  inventory,
}: EstateEntry): JournalPosition | undefined {
  return execution === null ? undefined : { org, env, generation, execution, epoch, length, inventory };
}
