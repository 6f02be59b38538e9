import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesWith } from '@microstax/testkit/processes';
import { type FaultHouse, type Room, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';
import { busOf } from './processes-of.ts';
import type { ServiceProcess } from './service-process.ts';

/** Where Node keeps it by default: half of what a service does at its start is done once. */
const compileCache = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') };

/** The order of the start; the end is its reverse, so programs end while their graph still listens. */
export const splitRooms = ['graph', 'router', 'intake', 'planner', 'resolver', 'validator', 'runtime'] as const;
export const services = splitRooms.filter((room) => room !== 'router');

export type StartOptions = {
  /** Names of failpoints; at the first pass of any of them the process is killed. */
  readonly killAt?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * The six services, the router and nats-server as processes of their own, which find each other over the bus alone. A
 * room may have several processes. Disposing ends all by their process ids, and fails where a process is left.
 */
export type SplitHouse = AsyncDisposable & {
  readonly house: FaultHouse;
  /** Adds a process to a room. */
  start(room: Room, options?: StartOptions): ServiceProcess;
  /** Living processes of a room. */
  of(room: Room): readonly ServiceProcess[];
  /** Ends all processes of a room in order. */
  end(room: Room): Promise<void>;
  /** SIGKILL to all processes of a room; settles when they are gone. */
  kill(room: Room): Promise<void>;
  pause(room: Room): Promise<void>;
  resume(room: Room): void;
  /** Halts nats-server; settles once it stands still. */
  pauseBus(): Promise<void>;
  resumeBus(): void;
  /** nats-server is killed. */
  stopBus(): Promise<void>;
  /** It comes back on its port, with what it had or with nothing. */
  startBus(options?: { readonly empty?: boolean }): Promise<void>;
};

export type SplitHouseOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Not started with the house. */
  readonly without?: readonly Room[];
};

/** Starts the house; settles once the graph answers and a router listens. */
export async function startSplitHouse({ env = {}, without = [] }: SplitHouseOptions = {}): Promise<SplitHouse> {
  const house = await startFaultHouse({ env: { ...compileCache, ...env }, without: splitRooms });
  const rooms = new SplitRooms(house);
  try {
    for (const room of splitRooms) if (!without.includes(room)) rooms.start(room, {});
    if (!without.includes('graph')) await graphAnswers(house);
    if (!without.includes('router'))
      await eventually(async () => (await house.bus.routers()).length > 0, {
        message: 'a router listens',
      });
  } catch (error) {
    await rooms.endAll();
    await house[Symbol.asyncDispose]();
    throw error;
  }
  const wakeBus = (): void => void process.kill(busOf(house.dataDir).pid, 'SIGCONT');
  let startBusAgain: (() => Promise<void>) | undefined;
  return {
    house,
    start: (room, options = {}) => rooms.start(room, options),
    of: (room) => rooms.of(room),
    end: (room) => rooms.end(room),
    kill: async (room) => void (await Promise.all(rooms.of(room).map((one) => one.kill()))),
    async pause(room) {
      for (const one of rooms.of(room)) one.send('SIGSTOP');
      await Promise.all(rooms.of(room).map((one) => one.halted()));
    },
    resume(room) {
      for (const one of rooms.of(room)) one.send('SIGCONT');
    },
    async pauseBus() {
      const bus = busOf(house.dataDir);
      process.kill(bus.pid, 'SIGSTOP');
      await eventually(() => bus.isHalted(), { message: 'nats-server stands still' });
    },
    resumeBus: wakeBus,
    async stopBus() {
      startBusAgain = await house.killBus();
    },
    async startBus({ empty = false } = {}) {
      if (empty) await rm(join(house.dataDir, 'bus'), { recursive: true, force: true });
      await startBusAgain?.();
      startBusAgain = undefined;
    },
    async [Symbol.asyncDispose]() {
      await startBusAgain?.();
      wakeBus();
      await rooms.endAll();
      try {
        await house[Symbol.asyncDispose]();
      } finally {
        // Where the house found some left, that has failed the test; they are not to outlive it all the same.
        for (const pid of processesWith(house.dataDir)) process.kill(pid, 'SIGKILL');
      }
    },
  };
}

export function graphAnswers(house: FaultHouse): Promise<unknown> {
  return eventually(() => house.ask({ kind: 'environments' }), { message: 'the graph answers' });
}

class SplitRooms {
  readonly #house: FaultHouse;
  readonly #living = new Map<Room, Set<ServiceProcess>>();

  constructor(house: FaultHouse) {
    this.#house = house;
  }

  start(room: Room, { killAt = [], env = {} }: StartOptions): ServiceProcess {
    const failpoints = killAt.map((name) => `${name}@1=kill`).join(',');
    const started = this.#house.launch(room, failpoints === '' ? env : { ...env, MSX_FAILPOINTS: failpoints });
    const living = this.#living.get(room) ?? new Set();
    this.#living.set(room, living.add(started));
    void started.ended.then(() => living.delete(started));
    return started;
  }

  of(room: Room): readonly ServiceProcess[] {
    return [...(this.#living.get(room) ?? [])];
  }

  async end(room: Room): Promise<void> {
    await Promise.all(this.of(room).map((one) => one[Symbol.asyncDispose]()));
  }

  async endAll(): Promise<void> {
    for (const room of [...splitRooms].reverse()) await this.end(room);
  }
}
