import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { readGraphConfig } from '@microstax/graph/config';
import { type GraphOverrides, startGraph } from '@microstax/graph/service';
import { readIntakeConfig } from '@microstax/intake/config';
import { startIntake } from '@microstax/intake/service';
import { readPlannerConfig } from '@microstax/planner/config';
import { startPlanner } from '@microstax/planner/service';
import { readResolverConfig } from '@microstax/resolver/config';
import { startResolver } from '@microstax/resolver/service';
import { readRuntimeConfig } from '@microstax/runtime/config';
import { startRuntime } from '@microstax/runtime/service';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { startTestNats } from '@microstax/testkit/nats';
import { readValidatorConfig } from '@microstax/validator/config';
import { startValidator } from '@microstax/validator/service';
import { readRouterConfig } from '../../apps/router/src/config.ts';
import { startRouter } from '../../apps/router/src/service.ts';
import { NoopDriver } from './noop-driver.ts';

export type Plant = AsyncDisposable & {
  readonly url: string;
  readonly bus: Bus;
};

export type PlantOptions = Pick<GraphOverrides, 'onCommit'> & {
  /** Real processes are started, where otherwise nothing is. */
  readonly processes?: boolean;
};

/**
 * The six services and a router in this process on a server of their own, as they run with `msx up`; nothing is started by
 * them unless processes are asked for.
 */
export async function startPlant({ processes = false, ...overrides }: PlantOptions = {}): Promise<Plant> {
  const owned = new AsyncDisposableStack();
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'msx-bench-'));
    owned.defer(() => rm(dataDir, { recursive: true, force: true }));
    const { url } = owned.use(await startTestNats({ storeDir: join(dataDir, 'bus') }));
    const { PATH = '' } = process.env;
    const own = { NATS_URL: url, MSX_DATA: dataDir, MSX_DB: join(dataDir, 'graph.db'), MSX_LOG_LEVEL: 'error' };
    const env = { ...own, MSX_WORKDIR: import.meta.dirname, PATH: `${dirname(process.execPath)}:${PATH}` };
    owned.use(await startGraph(readGraphConfig(env), overrides));
    owned.use(await startRouter(readRouterConfig(env)));
    owned.use(await startIntake(readIntakeConfig(env)));
    owned.use(await startPlanner(readPlannerConfig(env)));
    owned.use(await startResolver(readResolverConfig(env)));
    owned.use(await startValidator(readValidatorConfig(env)));
    owned.use(await startRuntime(readRuntimeConfig(env), processes ? {} : { driver: new NoopDriver() }));
    const telemetry = owned.use(startTelemetry({ service: 'bench' }));
    const bus = owned.use(await connectBus({ url, service: 'bench', log: silentLog, telemetry }));
    const disposable = owned.move();
    return { url, bus, [Symbol.asyncDispose]: () => disposable.disposeAsync() };
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}
