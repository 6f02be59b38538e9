import type { Message } from '@microstax/bus/bus';
import { joinBus } from '@microstax/bus/join-bus';
import { durables } from '@microstax/contracts/topology';
import { createLog, type Log } from '@microstax/service/log';
import type { ResolverConfig } from './config.ts';
import { onPlanDrafted } from './shell/on-plan-drafted.ts';
import { serveResolve } from './shell/serve-resolve.ts';
import { type SharedTables, unsharedTables } from './shell/shared-tables.ts';

export type ResolverOverrides = {
  readonly log?: Log;
  /** Protocol 33: awaited before each handler. */
  readonly gate?: (message: Message) => Promise<void>;
};

const service = 'resolver';

/** Starts the resolver: settles once it hears events. Disposing it finishes what it has begun, then leaves the bus. */
export async function startResolver(
  config: ResolverConfig,
  overrides: ResolverOverrides = {},
): Promise<AsyncDisposable> {
  const { gate } = overrides;
  const log = overrides.log ?? createLog({ service, level: config.logLevel });
  const owned = new AsyncDisposableStack();
  try {
    const bus = await joinBus(owned, { service, log, natsUrl: config.natsUrl, otlpEndpoint: config.otlpEndpoint });
    const shell = { bus, log };
    const shared = owned.use(await sharedTables(config, log));
    owned.use(serveResolve({ bus, log, shared }));
    owned.use(
      await bus.consume(durables.resolverDrafted, (message) => onPlanDrafted(message, shell), {
        ...(gate === undefined ? {} : { gate }),
      }),
    );
    return owned;
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}

/** The client is loaded only where it is used. */
async function sharedTables({ redisUrl }: ResolverConfig, log: Log): Promise<SharedTables> {
  if (redisUrl === undefined) return unsharedTables;
  const { redisTables } = await import('./shell/redis-tables.ts');
  return redisTables(redisUrl, log);
}
