import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { spanPublisher } from '@microstax/bus/span-publisher';
import { buckets } from '@microstax/contracts/topology';
import { readGraphConfig } from '@microstax/graph/config';
import { startGraph } from '@microstax/graph/service';
import { readIntakeConfig } from '@microstax/intake/config';
import { startIntake } from '@microstax/intake/service';
import type { RouteTable } from '@microstax/model/route-table';
import { readPlannerConfig } from '@microstax/planner/config';
import { startPlanner } from '@microstax/planner/service';
import { readResolverConfig } from '@microstax/resolver/config';
import { startResolver } from '@microstax/resolver/service';
import { readRuntimeConfig } from '@microstax/runtime/config';
import { startRuntime } from '@microstax/runtime/service';
import { createLog } from '@microstax/service/log';
import { findNatsServer, startNatsServer } from '@microstax/service/nats-server';
import { bootId, processStartTime } from '@microstax/service/process-identity';
import { startTelemetry } from '@microstax/service/telemetry';
import { readValidatorConfig } from '@microstax/validator/config';
import { startValidator } from '@microstax/validator/service';
import { CliError } from './cli-error.ts';
import { readCliEnv } from './config.ts';
import { exitCodes } from './exit-codes.ts';
import type { Flags } from './flags.ts';
import { endLeftovers, refuseSecondUp } from './leftovers.ts';
import { type KnownProcess, readUpFile, type UpFile, writeUpFile } from './up-file.ts';

/**
 * Everything on one machine: a nats-server of our own unless NATS_URL names one, the six services in this process, the
 * router in one of its own. Ends in order at SIGINT or SIGTERM; a second signal ends at once.
 */
export async function upCommand(flags: Flags): Promise<void> {
  const env = readCliEnv();
  const dataDir = typeof flags.data === 'string' ? resolve(flags.data) : env.dataDir;
  const stop = stopSignal();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const previous = readUpFile(dataDir);
  refuseSecondUp(dataDir, previous);
  await endLeftovers(previous, say);
  await using running = new AsyncDisposableStack();
  await start(running, { dataDir, org: env.org, stop });
  await stop.asked;
  say('stopping: processes of environments, services, router, bus');
}

type Start = { readonly dataDir: string; readonly org: string; readonly stop: StopSignal };

async function start(running: AsyncDisposableStack, { dataDir, org, stop }: Start): Promise<void> {
  const processes: KnownProcess[] = [known('msx', process.pid)];
  const busUrl = await startBus(running, dataDir, processes);
  const serviceEnv = {
    ...process.env,
    NATS_URL: busUrl,
    MSX_DATA: dataDir,
    MSX_DB: join(dataDir, 'graph.db'),
    MSX_WORKDIR: process.cwd(),
  };
  const state = upFileWriter({
    org,
    bus: busUrl,
    data: dataDir,
    pid: process.pid,
    ready: false,
    processes,
    environments: {},
  });
  running.defer(() => state.update({ ready: false }));
  state.update({});
  running.use(await startGraph(readGraphConfig(serviceEnv)));
  const router = startRouter(serviceEnv, stop);
  running.defer(() => endChild(router));
  processes.push(known('router', router.pid ?? 0));
  state.update({ processes });
  for (const service of await Promise.all([
    startIntake(readIntakeConfig(serviceEnv)),
    startPlanner(readPlannerConfig(serviceEnv)),
    startResolver(readResolverConfig(serviceEnv)),
    startValidator(readValidatorConfig(serviceEnv)),
  ])) {
    running.use(service);
  }
  running.use(await startRuntime(readRuntimeConfig(serviceEnv)));
  await watchRoutes(running, busUrl, org, (environments) => state.update({ environments }));
  state.update({ ready: true });
  say(`ready: bus ${busUrl}, data ${dataDir}, router pid ${router.pid}`);
  say('next: msx apply -f examples/storefront/baseline.yaml --wait');
}

async function startBus(running: AsyncDisposableStack, dataDir: string, processes: KnownProcess[]): Promise<string> {
  const env = readCliEnv();
  if (env.natsUrl) return env.natsUrl;
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
  processes.push(known('nats-server', server.pid));
  say(`nats-server ${server.version} (${found.source}) at ${server.url}`);
  if (/^2\.[0-9]\./.test(server.version))
    say(
      'warning: this nats-server cannot fsync each message (sync_interval is known since 2.10); the graph store stays the record',
    );
  return server.url;
}

function startRouter(env: NodeJS.ProcessEnv, stop: StopSignal): ChildProcess {
  const main = join(import.meta.dirname, '..', '..', 'router', 'main.ts');
  const router = spawn(process.execPath, [main], { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  router.on('exit', (code, signal) => {
    if (stop.isAsked()) return;
    process.stderr.write(
      `error: the router ended (${signal ?? `exit code ${code}`}); no request can be routed\n  next: msx up\n`,
    );
    process.exitCode = exitCodes.failed;
    stop.ask();
  });
  return router;
}

/** SIGTERM, then SIGKILL after 15 s, by the child we hold. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolveEnded) => child.once('exit', resolveEnded));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(timer);
}

/** Keeps `up.json` at the URLs that the route tables name. */
async function watchRoutes(
  running: AsyncDisposableStack,
  url: string,
  org: string,
  changed: (environments: UpFile['environments']) => void,
): Promise<void> {
  const log = createLog({ service: 'up', level: readCliEnv().logLevel });
  const spans = spanPublisher();
  const telemetry = running.use(startTelemetry({ service: 'up', publishSpans: spans.publish }));
  const bus: Bus = running.use(await connectBus({ url, service: 'up', log, telemetry }));
  const routes = await bus.bucket(buckets.routes);
  const environments: Record<string, Record<string, Record<string, string>>> = {};
  running.use(
    await routes.watch<RouteTable>({
      onEntry: ({ key, value }) => {
        const [ofOrg, env] = key.split('.');
        if (ofOrg !== org || env === undefined) return;
        if (value === undefined) delete environments[env];
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

function upFileWriter(initial: UpFile): { update(part: Partial<UpFile>): void } {
  let file = initial;
  return {
    update(part) {
      file = { ...file, ...part };
      writeUpFile(file.data, file);
    },
  };
}

function known(name: string, pid: number): KnownProcess {
  return { name, pid, startTime: processStartTime(pid) ?? '', bootId: bootId() };
}

type StopSignal = { readonly asked: Promise<void>; ask(): void; isAsked(): boolean };

function stopSignal(): StopSignal {
  const { promise, resolve: ask } = Promise.withResolvers<void>();
  let asked = false;
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
      if (asked) process.exit(exitCodes.interrupted);
      stop.ask();
    });
  }
  return stop;
}

function say(line: string): void {
  process.stderr.write(`msx up: ${line}\n`);
}
