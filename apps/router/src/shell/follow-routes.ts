import type { Bucket } from '@microstax/bus/bus';
import type { ListenerRecord } from '@microstax/model/journal';
import type { RouteTable } from '@microstax/model/route-table';
import type { PortProtocol } from '@microstax/model/service-spec';
import type { Listeners } from './listeners.ts';
import type { Routing } from './routing.ts';

export type FollowOptions = {
  readonly routes: Bucket;
  /** One router serves one organisation. */
  readonly org: string;
  readonly routing: Routing;
  readonly listeners: Listeners;
};

/** Settles when all keys are read and their listeners open (protocol 25); follows every change from then on. */
export async function followRoutes({ routes, org, routing, listeners }: FollowOptions): Promise<AsyncDisposable> {
  const { tables, log } = routing;
  const read = Promise.withResolvers<void>();
  let isRead = false;
  const listen = async (env: string): Promise<void> => {
    const table = tables.table(env)?.table;
    try {
      if (table === undefined) await listeners.forget(env);
      else
        await listeners.follow(
          env,
          table.listeners.map((one) => ({ ...one, protocol: protocolOf(one, env, routing) })),
        );
    } catch (error) {
      log.error({ err: error, env }, 'cannot open listeners');
    }
  };
  const watching = await routes.watch<RouteTable>({
    onEntry: ({ key, value, revision }) => {
      const [ofOrg, env] = key.split('.');
      if (ofOrg !== org || env === undefined) return;
      if (value === undefined) tables.remove(env, revision);
      else if (!tables.put(value, revision)) {
        log.warn({ env, revision, epoch: value.epoch }, 'an older table than the one here is not taken');
        return;
      }
      log.debug({ env, revision, epoch: value?.epoch, generation: value?.generation }, 'route table');
      if (isRead) void listen(env);
    },
    onCurrent: () => read.resolve(),
  });
  await read.promise;
  isRead = true;
  await Promise.all(tables.environments().map(listen));
  log.info({ org, environments: tables.environments().length }, 'routes are read');
  return watching;
}

/** As the record says, which may stand in a parent's table (protocol 25). */
function protocolOf({ service, port }: ListenerRecord, from: string, { tables }: Routing): PortProtocol | undefined {
  const asked = new Set<string>();
  for (let env: string | null = from; env !== null && !asked.has(env); ) {
    asked.add(env);
    const indexed = tables.table(env);
    const record = indexed?.records.get(service);
    if (record !== undefined) return record.ports.find(({ name }) => name === port)?.protocol;
    env = indexed?.table.context.parent ?? null;
  }
  return undefined;
}
