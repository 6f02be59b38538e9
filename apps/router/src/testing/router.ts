import type { RouteTable } from '@microstax/model/route-table';
import type { PortProtocol } from '@microstax/model/service-spec';
import { silentLog } from '@microstax/service/log';
import type { RouterLimits } from '../core/limits.ts';
import { Listeners } from '../shell/listeners.ts';
import { createRouting, type Routing } from '../shell/routing.ts';
import { aTable, type TablePart } from './tables.ts';

export type TestRouter = AsyncDisposable & {
  readonly routing: Routing;
  readonly listeners: Listeners;
  put(table: RouteTable): void;
  /** The port of a listener for a service's port `http`. */
  listen(env: string, service: string, protocol?: PortProtocol): Promise<number>;
};

/** A router without a bus. */
export function aRouter(limits: Partial<RouterLimits> = {}): TestRouter {
  const routing = createRouting({ log: silentLog, limits });
  const listeners = new Listeners(routing);
  let revision = 0;
  return {
    routing,
    listeners,
    put: (table) => {
      revision += 1;
      routing.tables.put(table, revision);
    },
    listen: async (env, service, protocol = 'http') => {
      const wanted = [{ service, port: 'http', protocol, preferredPort: null }];
      const [record] = await listeners.scope({ env, wanted, keep: [] });
      return record?.listenPort ?? 0;
    },
    [Symbol.asyncDispose]: async () => {
      await listeners[Symbol.asyncDispose]();
      routing[Symbol.dispose]();
    },
  };
}

/** A root `shop` whose one service `web` runs at these ports, in the order of their instances `web-0`, `web-1` … */
export function shopAt(ports: readonly number[], part: TablePart = {}): RouteTable {
  return aTable('shop', { records: { web: 'shop' }, running: { web: ports }, ...part });
}
