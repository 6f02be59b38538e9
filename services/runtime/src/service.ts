import type { Bus, Message } from '@microstax/bus/bus';
import { joinBus } from '@microstax/bus/join-bus';
import { filters } from '@microstax/contracts/subjects';
import { buckets, durables } from '@microstax/contracts/topology';
import { type Clock, systemClock } from '@microstax/service/clock';
import { createLog, type Log } from '@microstax/service/log';
import { ownerIdentity } from '@microstax/service/process-identity';
import type { RuntimeConfig } from './config.ts';
import { dataAnswers } from './shell/answer-data.ts';
import { sweepAnswer } from './shell/answer-sweep.ts';
import { Company } from './shell/company.ts';
import type { Driver } from './shell/driver/driver.ts';
import { endInstances } from './shell/end-instances.ts';
import { EnvironmentRuns } from './shell/environment-runs.ts';
import { takeUpEstate } from './shell/estate.ts';
import { EstateBook } from './shell/estate-book.ts';
import { graphOver } from './shell/graph.ts';
import { makeDriver } from './shell/make-driver.ts';
import { observeLoop } from './shell/observe-loop.ts';
import { onActivationApproved } from './shell/on-activation-approved.ts';
import { onExecutionOffered } from './shell/on-execution-offered.ts';
import { routersOver } from './shell/routers.ts';
import type { Runner } from './shell/run-execution.ts';
import { untilGraphAnswers } from './shell/until-graph-answers.ts';
import { WatchedBucket } from './shell/watched-bucket.ts';

export type RuntimeOverrides = {
  readonly log?: Log;
  readonly clock?: Clock;
  readonly driver?: Driver;
  /** Protocol 33: awaited before each handler. */
  readonly gate?: (message: Message) => Promise<void>;
};

const service = 'runtime';

/**
 * Starts the runtime: settles once the estate is taken up and approvals are heard. Disposing it stops executing, ends
 * the processes (unless configured otherwise) and leaves the bus. Linux only.
 */
export async function startRuntime(config: RuntimeConfig, overrides: RuntimeOverrides = {}): Promise<AsyncDisposable> {
  const { gate } = overrides;
  const log = overrides.log ?? createLog({ service, level: config.logLevel });
  const owned = new AsyncDisposableStack();
  try {
    const bus = await joinBus(owned, { service, log, natsUrl: config.natsUrl, otlpEndpoint: config.otlpEndpoint });
    const end = new AbortController();
    const driver =
      overrides.driver ?? (await makeDriver(config, { clock: overrides.clock ?? systemClock, log, owned }));
    const { runner, statuses } = await makeRunner(config, { ...overrides, driver }, { bus, log, end: end.signal });
    await untilGraphAnswers(runner.world);
    owned.use(statuses);
    await statuses.follow();
    const company = await Company.enter(config.dataDir, runner.world.owner);
    owned.defer(() => finish(runner, config, company, end));
    await takeUpEstate(runner);
    owned.use(await followBus(bus, runner));
    const options = {
      probe: () => runner.world.graph.answers(),
      ...(gate === undefined ? {} : { gate }),
    };
    owned.use(await bus.consume(durables.runtimeOffered, (message) => onExecutionOffered(message, runner), options));
    owned.use(
      await bus.consume(durables.runtimeApproved, (message) => onActivationApproved(message, bus, runner), options),
    );
    owned.use(await bus.serve([sweepAnswer(config, runner), ...dataAnswers(runner)]));
    void observeLoop(runner);
    return owned;
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}

async function makeRunner(
  config: RuntimeConfig,
  { clock = systemClock, driver }: RuntimeOverrides & { readonly driver: Driver },
  { bus, log, end }: { readonly bus: Bus; readonly log: Log; readonly end: AbortSignal },
): Promise<{ readonly runner: Runner; readonly statuses: WatchedBucket }> {
  const { limits } = config;
  const statuses = new WatchedBucket(await bus.bucket(buckets.environments));
  const world = {
    owner: ownerIdentity(),
    driver,
    graph: graphOver(bus),
    routers: routersOver(bus, clock, end),
    tables: await bus.bucket(buckets.routes),
    statuses,
    clock,
    log,
    tracer: bus.telemetry.tracer,
    limits,
  };
  return { runner: { org: config.org, world, runs: new EnvironmentRuns(), book: new EstateBook(), end }, statuses };
}

// Protocol 29: a bus that came back may have forgotten the tables.
async function followBus(bus: Bus, runner: Runner): Promise<AsyncDisposable> {
  const { log } = runner.world;
  const again = (): void => {
    if (runner.end.aborted) return;
    void takeUpEstate(runner).catch((err: unknown) => log.warn({ err }, 'cannot look after the estate again'));
  };
  bus.onReconnect(again);
  const opened = await bus.subscribe(filters.eventsNamed('graph', 'opened'));
  void (async () => {
    for await (const _ of opened) again();
  })();
  return opened;
}

async function finish(runner: Runner, config: RuntimeConfig, company: Company, end: AbortController): Promise<void> {
  end.abort('the runtime ends');
  await runner.runs.stopAll('the runtime ends');
  // Where another runtime is here, what serves goes on: it looks after that already.
  const isLast = await company.leave();
  if (isLast && config.endInstancesOnDispose) await endInstances(runner);
}
