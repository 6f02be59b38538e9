// Owns: the hot path, from the start of a replica to its end.
//
// 1. Questions are heard once there is something to answer by: the bus was read, or what replicas share.
// 2. After the bus was read, what only the shared tables know is forgotten: it was deleted while nobody listened.
import type { Bus } from '@microstax/bus/bus';
import { serveFromMemory } from '@microstax/bus/serve-from-memory';
import { resolveRoute } from '@microstax/contracts/resolver-requests';
import { buckets } from '@microstax/contracts/topology';
import type { RouteTable } from '@microstax/model/route-table';
import type { Log } from '@microstax/service/log';
import { RouteMemory } from './route-memory.ts';
import type { SharedTables } from './shared-tables.ts';

type Hot = { readonly bus: Bus; readonly log: Log; readonly shared: SharedTables };

/** Begins at once and settles never before it is disposed of: the graph may open the bus much later. */
export function serveResolve(hot: Hot): AsyncDisposable {
  const path = new HotPath(hot);
  hot.bus.health.setReady('route tables', false);
  const begun = path.begin().catch((error: unknown) => {
    if (!path.ended) hot.log.error({ err: error }, 'cannot answer where requests go');
  });
  return {
    async [Symbol.asyncDispose]() {
      await path.end();
      // What waits for the bus is let go when the bus is closed.
      void begun;
    },
  };
}

class HotPath {
  readonly #hot: Hot;
  readonly #memory = new RouteMemory();
  readonly #owned = new AsyncDisposableStack();
  /** Keys that the bus has said, to tell them from those that are only shared. */
  readonly #said = new Set<string>();
  #served: Promise<void> | undefined;
  ended = false;

  constructor(hot: Hot) {
    this.#hot = hot;
  }

  async begin(): Promise<void> {
    const { bus, log, shared } = this.#hot;
    const left = await shared.load();
    for (const { org, table } of left) this.#memory.put(org, table);
    if (left.length > 0) await this.#serve();
    await bus.incarnation();
    const routes = await bus.bucket(buckets.routes);
    const read = Promise.withResolvers<void>();
    const watching = await routes.watch<RouteTable>({
      onEntry: ({ key, value }) => this.#take(key, value),
      onCurrent: () => read.resolve(),
    });
    await this.#keep(watching);
    await read.promise;
    for (const { org, table } of left) if (!this.#said.has(`${org}.${table.env}`)) this.#memory.remove(org, table.env);
    shared.follow(() => this.#memory.tables());
    await this.#serve();
    log.info({ tables: this.#memory.tables().length }, 'route tables are read');
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.#owned.disposeAsync();
  }

  #take(key: string, value: RouteTable | undefined): void {
    const { shared } = this.#hot;
    const [org, env] = key.split('.');
    if (org === undefined || env === undefined) return;
    this.#said.add(key);
    if (value === undefined) {
      this.#memory.remove(org, env);
      shared.forget(org, env);
      return;
    }
    const { epoch, generation, context, records, expired } = value; // endpoints are a router's own
    const table = { env, epoch, generation, context, records, ...(expired ? { expired } : {}) };
    if (!this.#memory.put(org, table)) return;
    if (expired) shared.forget(org, env);
    else shared.keep(org, table);
  }

  #serve(): Promise<void> {
    this.#served ??= this.#serveOnce();
    return this.#served;
  }

  async #serveOnce(): Promise<void> {
    const { bus } = this.#hot;
    await this.#keep(await serveFromMemory(bus, resolveRoute, (request, org) => this.#memory.answer(request, org)));
    bus.health.setReady('route tables', true);
  }

  async #keep(part: AsyncDisposable): Promise<void> {
    if (this.ended) await part[Symbol.asyncDispose]();
    else this.#owned.use(part);
  }
}
