import { mkdirSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Bus } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';
import { joinBus } from '@microstax/bus/join-bus';
import { healthOf } from '@microstax/contracts/health-request';
import { type ServiceName, serviceNames } from '@microstax/contracts/subjects';
import { buckets } from '@microstax/contracts/topology';
import { readGraphConfig } from '@microstax/graph/config';
import { startGraph } from '@microstax/graph/service';
import { readIntakeConfig } from '@microstax/intake/config';
import { startIntake } from '@microstax/intake/service';
import type { RouteTable } from '@microstax/model/route-table';
import { driverNames } from '@microstax/model/runtime-fact';
import { readPlannerConfig } from '@microstax/planner/config';
import { startPlanner } from '@microstax/planner/service';
import { readResolverConfig } from '@microstax/resolver/config';
import { startResolver } from '@microstax/resolver/service';
import { readRuntimeConfig } from '@microstax/runtime/config';
import { startRuntime } from '@microstax/runtime/service';
import { delay } from '@microstax/service/clock';
import { createLog } from '@microstax/service/log';
import { findNatsServer, startNatsServer } from '@microstax/service/nats-server';
import { bootId, processStartTime } from '@microstax/service/process-identity';
import { readValidatorConfig } from '@microstax/validator/config';
import { startValidator } from '@microstax/validator/service';
import { CliError } from './cli-error.ts';
import { readCliEnv } from './config.ts';
import { exitCodes } from './exit-codes.ts';
import type { Flags } from './flags.ts';
import { endLeftovers, refuseSecondUp } from './leftovers.ts';
import { logOf, type Program, supervise, type Watch } from './supervise.ts';
import { type KnownProcess, readUpFile, type UpFile, writeUpFile } from './up-file.ts';

const servingPollMs = 50;

/**
 * Everything on one machine: a nats-server of our own unless NATS_URL names one, the six services in this process (or
 * six of their own with `--split`), the router in one of its own. Ends in order at SIGINT or SIGTERM; a second signal
 * ends at once.
 */
export async function upCommand(flags: Flags): Promise<void> {
  const env = readCliEnv();
  const dataDir = typeof flags.data === 'string' ? resolve(flags.data) : env.dataDir;
  const driver = driverOf(flags);
  const stop = stopSignal();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const previous = readUpFile(dataDir);
  refuseSecondUp(dataDir, previous);
  await endLeftovers(previous, say);
  await using running = new AsyncDisposableStack();
  await start(running, { dataDir, org: env.org, split: flags.split === true, driver, stop });
  await stop.asked;
  say('stopping: local processes of environments, services, router, bus');
}

type Start = {
  readonly dataDir: string;
  readonly org: string;
  readonly split: boolean;
  /** Undefined: as MSX_DRIVER says. */
  readonly driver: string | undefined;
  readonly stop: StopSignal;
};

function driverOf({ driver }: Flags): string | undefined {
  if (driver === undefined) return undefined;
  if (typeof driver === 'string' && driverNames.includes(driver)) return driver;
  throw new CliError({
    code: 'unknown-driver',
    message: `There is no driver "${String(driver)}"; there are ${driverNames.join(', ')}`,
    exitCode: exitCodes.usage,
  });
}

async function start(running: AsyncDisposableStack, { dataDir, org, split, driver, stop }: Start): Promise<void> {
  const bus = await startBus(running, dataDir);
  const state = upState({
    org,
    bus: bus.url,
    data: dataDir,
    pid: process.pid,
    ready: false,
    processes: [known('msx', process.pid), ...bus.processes],
    environments: {},
  });
  running.defer(() => state.update({ ready: false }));
  const serviceEnv = {
    ...process.env,
    NATS_URL: bus.url,
    MSX_DATA: dataDir,
    MSX_DB: join(dataDir, 'graph.db'),
    MSX_WORKDIR: process.cwd(),
    ...(driver === undefined ? {} : { MSX_DRIVER: driver }),
    ...compileCache(),
  };
  const logDir = join(dataDir, 'services');
  const watch: Watch = {
    started: (name, pid) => state.addProcess(known(name, pid)),
    said: say,
    gaveUp: () => {
      process.exitCode = exitCodes.failed;
      stop.ask();
    },
  };
  const program = (name: string, folder: string): Program => ({
    name,
    main: join(import.meta.dirname, '..', '..', '..', folder, 'main.ts'),
    env: serviceEnv,
    logDir,
  });
  const router = (): void => void running.use(supervise(program('router', 'apps/router'), watch));
  if (split) {
    // The order of the start is the reverse of the end: the runtime needs all the others while it ends its processes.
    running.use(supervise(program('graph', 'services/graph'), watch));
    router();
    for (const name of ['intake', 'planner', 'resolver', 'validator', 'runtime'])
      running.use(supervise(program(name, `services/${name}`), watch));
  } else {
    await startTogether(running, serviceEnv, logDir, router);
  }
  const connection = await connect(running, bus.url);
  // Six processes apart come up in any order, or not at all: then a signal ends the wait.
  const serves = await Promise.race([untilServing(connection, org), stop.asked]);
  if (serves !== true) return;
  await watchRoutes(running, connection, org, (environments) => state.update({ environments }));
  state.update({ ready: true });
  say(`ready: bus ${bus.url}, data ${dataDir}, logs ${logDir}`);
  // The storefront is local processes, which a cluster does not run.
  const example =
    serviceEnv.MSX_DRIVER === 'kubernetes' ? '<a Blueprint of images>' : 'examples/storefront/baseline.yaml';
  say(`next: msx apply -f ${example} --wait`);
}

/** What this process has compiled its children need not compile again, where a cache is in use. */
function compileCache(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

async function startTogether(
  running: AsyncDisposableStack,
  env: NodeJS.ProcessEnv,
  logDir: string,
  router: () => void,
): Promise<void> {
  // All settings first: a wrong one ends the start before anything begins that would have to be ended.
  const config = {
    graph: readGraphConfig(env),
    intake: readIntakeConfig(env),
    planner: readPlannerConfig(env),
    resolver: readResolverConfig(env),
    validator: readValidatorConfig(env),
    runtime: readRuntimeConfig(env),
  };
  mkdirSync(logDir, { recursive: true });
  const level = env.MSX_LOG_LEVEL || 'info';
  const destination = logOf({ logDir, name: 'msx' });
  const log = (service: string) => ({ log: createLog({ service, level, destination }) });
  const graph = startGraph(config.graph, log('graph'));
  router(); // it takes a while to load, and waits for the graph by itself
  running.use(await graph);
  const started = await Promise.allSettled([
    startIntake(config.intake, log('intake')),
    startPlanner(config.planner, log('planner')),
    startResolver(config.resolver, log('resolver')),
    startValidator(config.validator, log('validator')),
  ]);
  // Those that came up end in order also where one of them did not.
  for (const one of started) if (one.status === 'fulfilled') running.use(one.value);
  for (const one of started) if (one.status === 'rejected') throw one.reason;
  running.use(await startRuntime(config.runtime, log('runtime')));
}

async function startBus(
  running: AsyncDisposableStack,
  dataDir: string,
): Promise<{ readonly url: string; readonly processes: readonly KnownProcess[] }> {
  const env = readCliEnv();
  if (env.natsUrl) return { url: env.natsUrl, processes: [] };
  const found = await findNatsServer({ env: env.nodeEnv, allowFetch: false, announce: say });
  if (found === undefined) {
    throw new CliError({
      code: 'no-nats-server',
      message: 'There is no nats-server on the PATH, in MSX_NATS_SERVER or in the cache, and msx up installs nothing',
      next: 'npm run nats-server (fetches one into the cache); or apt-get install nats-server; or go install github.com/nats-io/nats-server/v2@v2.15.1; or set NATS_URL',
    });
  }
  const server = running.use(
    await startNatsServer({
      path: found.path,
      storeDir: join(dataDir, 'bus'),
      logFile: join(dataDir, 'nats-server.log'),
    }),
  );
  say(`nats-server ${server.version} (${found.source}) at ${server.url}`);
  if (/^2\.[0-9]\./.test(server.version))
    say(
      'warning: this nats-server cannot fsync each message (sync_interval is known since 2.10); the graph store stays the record',
    );
  return { url: server.url, processes: [known('nats-server', server.pid)] };
}

async function connect(running: AsyncDisposableStack, url: string): Promise<Bus> {
  const log = createLog({ service: 'up', level: readCliEnv().logLevel });
  return joinBus(running, { service: 'up', natsUrl: url, log });
}

/** Settles once all six services hear what they are to hear and a router is there. */
async function untilServing(bus: Bus, org: string): Promise<true> {
  await bus.incarnation();
  for (;;) {
    const ready = await Promise.all(serviceNames.map((name) => isReady(bus, org, name)));
    if (ready.every(Boolean) && (await bus.routers()).length > 0) return true;
    await delay(servingPollMs);
  }
}

async function isReady(bus: Bus, org: string, name: ServiceName): Promise<boolean> {
  try {
    return (await bus.request(healthOf(name), org, {})).ready;
  } catch (error) {
    if (error instanceof BusError && error.again) return false;
    throw error;
  }
}

/** Keeps `up.json` at the URLs that the route tables name. */
async function watchRoutes(
  running: AsyncDisposableStack,
  bus: Bus,
  org: string,
  changed: (environments: UpFile['environments']) => void,
): Promise<void> {
  const routes = await bus.bucket(buckets.routes);
  const environments: Record<string, Record<string, Record<string, string>>> = {};
  running.use(
    await routes.watch<RouteTable>({
      onEntry: ({ key, value }) => {
        const [ofOrg, env] = key.split('.');
        if (ofOrg !== org || env === undefined) return;
        if (value === undefined || value.expired) delete environments[env];
        else environments[env] = urlsOf(value);
        changed(environments);
      },
    }),
  );
}

function urlsOf({ listeners, records }: RouteTable): Record<string, Record<string, string>> {
  const urls: Record<string, Record<string, string>> = {};
  for (const { service, port, host, listenPort } of listeners) {
    const protocol =
      records.find((record) => record.service === service)?.ports.find((one) => one.name === port)?.protocol ?? 'tcp';
    urls[service] = { ...urls[service], [port]: `${protocol === 'tcp' ? 'tcp' : 'http'}://${host}:${listenPort}` };
  }
  return urls;
}

function upState(initial: UpFile): { update(part: Partial<UpFile>): void; addProcess(process: KnownProcess): void } {
  let file = initial;
  const update = (part: Partial<UpFile>): void => {
    file = { ...file, ...part };
    writeUpFile(file.data, file);
  };
  update({});
  return {
    update,
    addProcess: (added) => update({ processes: [...file.processes.filter(({ name }) => name !== added.name), added] }),
  };
}

function known(name: string, pid: number): KnownProcess {
  return { name, pid, startTime: processStartTime(pid) ?? '', bootId: bootId() };
}

type StopSignal = { readonly asked: Promise<void>; ask(): void; isAsked(): boolean };

// Ctrl-C under npm arrives twice, from the terminal and from npm: that is one wish, not two.
const sameWishMs = 500;

function stopSignal(): StopSignal {
  const { promise, resolve: ask } = Promise.withResolvers<void>();
  let asked = false;
  let heardAt: number | undefined;
  const stop = {
    asked: promise,
    ask() {
      if (asked) return;
      asked = true;
      ask();
    },
    isAsked: () => asked,
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const now = performance.now();
      if (asked && (heardAt === undefined || now - heardAt > sameWishMs)) process.exit(exitCodes.interrupted);
      heardAt ??= now;
      stop.ask();
    });
  }
  return stop;
}

function say(line: string): void {
  process.stderr.write(`msx up: ${line}\n`);
}
