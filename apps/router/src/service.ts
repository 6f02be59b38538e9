import { watchIncarnation } from '@microstax/bus/incarnation';
import { joinBus } from '@microstax/bus/join-bus';
import { wake } from '@microstax/contracts/graph-requests';
import { propagationSubject } from '@microstax/contracts/subjects';
import { buckets } from '@microstax/contracts/topology';
import type { ActivityClocks } from '@microstax/service/activity-clocks';
import { createLog, type Log } from '@microstax/service/log';
import type { RouterConfig } from './config.ts';
import { routerEndpoints } from './shell/answer-requests.ts';
import { followRoutes } from './shell/follow-routes.ts';
import { Listeners } from './shell/listeners.ts';
import { createRouting } from './shell/routing.ts';

export type RouterOverrides = { readonly log?: Log };

/**
 * Starts a router. Settles when it has read every table, listens, and answers scope, confirm and idle (protocol 25 to
 * 27). Where the bus goes away it routes on by the tables it has.
 */
export async function startRouter(config: RouterConfig, overrides: RouterOverrides = {}): Promise<AsyncDisposable> {
  const { natsUrl, org, logLevel, otlpEndpoint, host, limits } = config;
  const log = overrides.log ?? createLog({ service: 'router', level: logLevel });
  await using running = new AsyncDisposableStack();
  const bus = await joinBus(running, { service: 'router', natsUrl, otlpEndpoint, log });
  await bus.incarnation();
  const clocks = await sharedClocks(config, log, running);
  const routing = running.use(
    createRouting({
      log,
      logsRequests: logLevel === 'debug',
      limits: limits ?? {},
      ...(host === undefined ? {} : { host }),
      ...clocks,
    }),
  );
  routing.sleepers.wakeBy((env) => bus.request(wake, org, { env }));
  routing.probes.sayTo((observed) =>
    bus.say(propagationSubject(org, observed.probe), Buffer.from(JSON.stringify(observed))),
  );
  const listeners = running.use(new Listeners(routing));
  const routes = await bus.bucket(buckets.routes);
  const following = { routes, org, routing, listeners };
  // The watch begins anew with a new bus, whose revisions count from 1 again (protocol 29).
  running.use(await watchIncarnation(bus, () => routing.tables.forgetRevisions()));
  running.use(await followRoutes(following));
  running.use(await bus.serveRouter(routerEndpoints(following)));
  running.defer(() => routing.stopWaiting());
  return running.move();
}

/** The client is loaded only where it is used. */
async function sharedClocks(
  { redisUrl, org }: RouterConfig,
  log: Log,
  running: AsyncDisposableStack,
): Promise<{ readonly clocks?: ActivityClocks }> {
  if (redisUrl === undefined) return {};
  const { redisActivityClocks } = await import('./shell/redis-activity-clocks.ts');
  return { clocks: running.use(redisActivityClocks({ url: redisUrl, org, log })) };
}
