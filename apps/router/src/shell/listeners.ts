// Owns: which listeners are open. Does not own: what a connection meets there (listener.ts).
//
// 1. What a scope asked for stays open until a table has named it, however long that takes (protocol 26 and 27: processes
//    are given its address before their routes exist).
// 2. What a table has named stays open until a newer table, or a newer scope, does not; then it is closed after
//    `lingerMs`, for callers that are still draining.
// 3. A listener keeps its port. It asks for the same one again after a restart, and takes another one only where that
//    is somebody else's. It goes on asking for the one that tables name, and moves back as soon as that is free.
import type { ScopeRequest } from '@microstax/contracts/router-requests';
import type { ListenerRecord } from '@microstax/model/journal';
import type { PortProtocol } from '@microstax/model/service-spec';
import { Listener, type ListenerOptions } from './listener.ts';
import type { Routing } from './routing.ts';

const endGraceMs = 2_000;
const reclaimMs = 500;

/** A listener that a table names; its protocol is unknown where no record says it. */
export type Named = ListenerRecord & { readonly protocol: PortProtocol | undefined };

type Wanted = {
  readonly service: string;
  readonly port: string;
  readonly protocol: PortProtocol | undefined;
  /** Where it listened before. */
  readonly keptPort: number | undefined;
  readonly preferredPort: number | undefined;
};

type Held = { readonly listener: Listener; closing: NodeJS.Timeout | undefined };
type Place = { readonly env: string; readonly key: string; readonly port: number };

type OfEnvironment = {
  readonly held: Map<string, Held>;
  /** Keys that a scope asked for and no table has named since. */
  asked: ReadonlySet<string>;
  named: ReadonlySet<string>;
  /** The port that the newest table names, until a scope answers with another one. */
  readonly tablePorts: Map<string, number>;
  /** Scopes and tables of one environment, one after the other. */
  turn: Promise<unknown>;
};

export class Listeners implements AsyncDisposable {
  readonly #routing: Routing;
  readonly #lingerMs: number;
  readonly #environments = new Map<string, OfEnvironment>();
  readonly #stopping = new Set<Listener>();
  readonly #reclaiming = new Set<NodeJS.Timeout>();

  constructor(routing: Routing) {
    this.#routing = routing;
    this.#lingerMs = routing.limits.lingerMs;
  }

  /** Opens what is missing and answers with the whole wanted set; asked twice, it answers the same. */
  scope({ env, wanted, keep }: Pick<ScopeRequest, 'env' | 'wanted' | 'keep'>): Promise<readonly ListenerRecord[]> {
    return this.#inTurn(env, async (of) => {
      const records: ListenerRecord[] = [];
      const kept = new Map(keep.map((one) => [keyOf(one), one.listenPort]));
      for (const { service, port, protocol, preferredPort } of wanted) {
        const keptPort = kept.get(keyOf({ service, port }));
        of.tablePorts.delete(keyOf({ service, port }));
        const asked = { service, port, protocol, keptPort, preferredPort: preferredPort ?? undefined };
        records.push((await this.#hold(env, of, asked)).record);
      }
      of.asked = new Set(wanted.map(keyOf));
      this.#letGo(of);
      return records;
    });
  }

  /** Follows a table, the newest of its environment: opens what it names, and lets go of what it does not name. */
  follow(env: string, named: readonly Named[]): Promise<void> {
    return this.#inTurn(env, async (of) => {
      const keys = new Set(named.map(keyOf));
      for (const { listenPort, ...one } of named) {
        of.tablePorts.set(keyOf(one), listenPort);
        await this.#hold(env, of, { ...one, keptPort: listenPort, preferredPort: undefined });
      }
      of.asked = new Set([...of.asked].filter((key) => !keys.has(key)));
      of.named = keys;
      this.#letGo(of);
    });
  }

  /** The environment is gone, and whatever was asked for it. */
  forget(env: string): Promise<void> {
    return this.#inTurn(env, async (of) => {
      of.asked = new Set();
      of.named = new Set();
      this.#letGo(of);
    });
  }

  async #hold(env: string, { held, tablePorts }: OfEnvironment, wanted: Wanted): Promise<Listener> {
    const key = keyOf(wanted);
    const before = held.get(key);
    const protocol = wanted.protocol ?? before?.listener.protocol ?? 'http'; // protocol 6
    if (before !== undefined) {
      clearTimeout(before.closing);
      before.closing = undefined;
      if (before.listener.protocol === protocol) return before.listener;
      this.#stop(before.listener);
    }
    const { service, port, preferredPort } = wanted;
    const keptPort = before?.listener.record.listenPort ?? wanted.keptPort;
    const ports = [keptPort, preferredPort].filter((one) => one !== undefined);
    const address = { env, service, port };
    const options = { routing: this.#routing, address, protocol };
    const listener = await Listener.open(options, ports);
    held.set(key, { listener, closing: undefined });
    const { listenPort } = listener.record;
    if (keptPort !== undefined && keptPort !== listenPort) {
      this.#routing.log.warn({ ...address, keptPort, listenPort }, 'another port, because its own is taken');
      if (tablePorts.get(key) === keptPort) this.#reclaim({ env, key, port: keptPort }, listener, options);
    } else this.#routing.log.info({ ...address, protocol, listenPort }, 'listens');
    return listener;
  }

  /** Invariant 3: its processes and people know the port that the table names, and nothing tells them of another. */
  #reclaim(place: Place, standIn: Listener, options: ListenerOptions): void {
    const timer = setTimeout(() => {
      this.#reclaiming.delete(timer);
      this.#inTurn(place.env, async ({ held, tablePorts }) => {
        const one = held.get(place.key);
        if (one?.listener !== standIn || one.closing !== undefined || tablePorts.get(place.key) !== place.port) return;
        const own = await Listener.openAt(options, place.port);
        if (own === undefined) return this.#reclaim(place, standIn, options);
        held.set(place.key, { listener: own, closing: undefined });
        this.#stop(standIn);
        this.#routing.log.info({ ...options.address, listenPort: place.port }, 'listens on its own port again');
      }).catch((error: unknown) =>
        this.#routing.log.warn({ error, ...options.address }, 'cannot listen on its own port'),
      );
    }, reclaimMs).unref();
    this.#reclaiming.add(timer);
  }

  #letGo({ held, asked, named }: OfEnvironment): void {
    for (const [key, one] of held) {
      if (asked.has(key) || named.has(key) || one.closing !== undefined) continue; // invariants 1 and 2
      one.closing = setTimeout(() => {
        held.delete(key);
        this.#stop(one.listener);
      }, this.#lingerMs).unref();
    }
  }

  #stop(listener: Listener): void {
    this.#stopping.add(listener);
    this.#routing.log.info(listener.record, 'listens no more');
    void listener.stop().then(() => this.#stopping.delete(listener));
  }

  #inTurn<T>(env: string, work: (of: OfEnvironment) => Promise<T>): Promise<T> {
    let of = this.#environments.get(env);
    if (of === undefined) {
      of = { held: new Map(), asked: new Set(), named: new Set(), tablePorts: new Map(), turn: Promise.resolve() };
      this.#environments.set(env, of);
    }
    const mine = of;
    const turn = mine.turn.then(() => work(mine));
    mine.turn = turn.catch(() => undefined); // whoever asked hears of it
    return turn;
  }

  /** Takes nothing new, and lets what is in flight finish for a moment. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#reclaiming) clearTimeout(timer);
    const environments = [...this.#environments.values()];
    await Promise.all(environments.map(({ turn }) => turn));
    const held = environments.flatMap((of) => [...of.held.values()]);
    for (const { closing } of held) clearTimeout(closing);
    const listeners = [...held.map(({ listener }) => listener), ...this.#stopping];
    await Promise.all(listeners.map((listener) => listener.end(endGraceMs)));
  }
}

function keyOf({ service, port }: { readonly service: string; readonly port: string }): string {
  return `${service}/${port}`;
}
