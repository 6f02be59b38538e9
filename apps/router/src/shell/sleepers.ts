// Owns: requests and connections that are held because whom they are for sleeps, and the wish that it be woken.
// Does not own: where they go afterwards (core/route.ts), who wakes (the graph).
//
// 1. A place is one request. There are `heldMax` of them, and whoever leaves gives its own back.
// 2. For one environment one request to the graph is under way, however many are held.
// 3. Nothing of a request is read while it is held: its body waits where it comes from.
import type { EventEmitter } from 'node:events';
import type { WakeReply } from '@microstax/contracts/graph-requests';
import { delay } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';
import { defaultLimits, type RouterLimits } from '../core/limits.ts';
import type { TableStore } from './table-store.ts';

export type WakeLimits = Pick<RouterLimits, 'wakeHoldMs' | 'wakeHeldMax'>;

/** What became of a held request. */
export type HoldEnd =
  /** It may be routed again. */
  | { readonly kind: 'awake' }
  | {
      readonly kind: 'refused';
      readonly status: 503;
      readonly code: string;
      readonly reason: string;
      readonly retryAfterSeconds: number;
    };

export type Hold = {
  readonly ended: Promise<HoldEnd>;
  /** The client has left: its place is free. */
  leave(): void;
};

const askAgainMs = 1_000; // whether a wake-up has failed meanwhile
const soonSeconds = 1;
const laterSeconds = 10;

/** Holds requests for environments that sleep, and has them woken. */
export class Sleepers {
  readonly #tables: TableStore;
  readonly #log: Log;
  readonly #limits: WakeLimits;
  readonly #held = new Map<string, Set<(end: HoldEnd) => void>>();
  readonly #forget: () => void;
  #wake: ((env: string) => Promise<WakeReply>) | undefined;
  #count = 0;

  constructor(tables: TableStore, log: Log, limits: Partial<WakeLimits> = {}) {
    this.#tables = tables;
    this.#log = log;
    this.#limits = { ...defaultLimits, ...limits };
    this.#forget = tables.changes.add(() => this.#look());
  }

  /** How environments are woken; before, everyone who sleeps is refused. */
  wakeBy(wake: (env: string) => Promise<WakeReply>): void {
    this.#wake = wake;
  }

  /** Requests that are held. */
  get count(): number {
    return this.#count;
  }

  /** Holds a request for an environment that sleeps, until it is awake or certainly will not be in time. */
  hold(env: string): Hold {
    const { wakeHeldMax, wakeHoldMs } = this.#limits;
    if (this.#wake === undefined) return refusedAtOnce(`environment "${env}" sleeps and nobody here can wake it`);
    if (this.#count >= wakeHeldMax)
      return refusedAtOnce(
        `environment "${env}" sleeps, and ${wakeHeldMax} requests are held already`,
        'too-many-held',
      );
    const { promise: ended, resolve } = Promise.withResolvers<HoldEnd>();
    const late = setTimeout(() => settle(tooLate(env, wakeHoldMs)), wakeHoldMs);
    const settle = (end: HoldEnd): void => {
      if (!this.#release(env, settle)) return;
      clearTimeout(late);
      resolve(end);
    };
    this.#count += 1;
    const waiting = this.#held.get(env);
    if (waiting) waiting.add(settle);
    else {
      this.#held.set(env, new Set([settle]));
      void this.#haveWoken(env, this.#wake);
    }
    return { ended, leave: () => settle({ kind: 'awake' }) };
  }

  /** Holds whoever is behind `client`, and calls one of the two, unless the client has left by then. */
  holdClient(
    env: string,
    client: Pick<EventEmitter, 'once' | 'off'>,
    then: { readonly awake: () => void; readonly refused: (end: Extract<HoldEnd, { kind: 'refused' }>) => void },
  ): void {
    const hold = this.hold(env);
    let hasLeft = false;
    const leave = (): void => {
      hasLeft = true;
      hold.leave();
    };
    client.once('close', leave);
    void hold.ended.then((end) => {
      client.off('close', leave);
      if (hasLeft) return;
      if (end.kind === 'awake') then.awake();
      else then.refused(end);
    });
  }

  /** Nobody waits on. */
  close(): void {
    this.#forget();
    for (const env of [...this.#held.keys()]) this.#end(env, refusal('router-ends', 'the router ends', soonSeconds));
  }

  #release(env: string, settle: (end: HoldEnd) => void): boolean {
    const waiting = this.#held.get(env);
    if (!waiting?.delete(settle)) return false;
    this.#count -= 1;
    if (waiting.size === 0) this.#held.delete(env);
    return true;
  }

  #look(): void {
    for (const env of [...this.#held.keys()])
      if (this.#tables.table(env)?.table.asleep !== true) this.#end(env, { kind: 'awake' });
  }

  #end(env: string, end: HoldEnd): void {
    for (const settle of [...(this.#held.get(env) ?? [])]) settle(end);
  }

  async #haveWoken(env: string, wake: (env: string) => Promise<WakeReply>): Promise<void> {
    const waiting = this.#held.get(env);
    this.#log.info({ env }, 'a request wakes an environment');
    while (waiting !== undefined && this.#held.get(env) === waiting) {
      const why = await wake(env).then(inVain, () => undefined); // where the graph is away it is asked again
      if (why !== undefined && this.#held.get(env) === waiting) {
        this.#log.warn({ env, reason: why }, 'an environment cannot be woken');
        this.#end(env, refusal('cannot-wake', `environment "${env}" sleeps and ${why}`, laterSeconds));
      }
      await delay(askAgainMs);
    }
  }
}

/** Why waiting is in vain; undefined while it is not. */
function inVain(reply: WakeReply): string | undefined {
  switch (reply.kind) {
    case 'awake': // its table is on the way
    case 'waking':
      return undefined;
    case 'failed':
      return `cannot be woken: ${reply.reason}`;
    case 'not wanted':
      return `is wanted ${reply.wanted} by now`;
    case 'unknown':
      return 'is not known any more';
  }
}

function tooLate(env: string, wakeHoldMs: number): HoldEnd {
  const reason = `environment "${env}" is being woken and was not ready within ${wakeHoldMs / 1_000} s`;
  return refusal('still-waking', reason, soonSeconds);
}

function refusedAtOnce(reason: string, code = 'asleep'): Hold {
  return { ended: Promise.resolve(refusal(code, reason, soonSeconds)), leave: () => {} };
}

function refusal(code: string, reason: string, retryAfterSeconds: number): HoldEnd {
  return { kind: 'refused', status: 503, code, reason, retryAfterSeconds };
}
