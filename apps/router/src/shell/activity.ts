import type { ActivityClocks } from '@microstax/service/activity-clocks';

const touchEveryMs = 1_000; // what others learn of a busy environment need not be younger

/** What this router knows of one environment's use. */
export type Used = {
  /** Requests and connections under way. */
  readonly open: number;
  /** Since the last one ended, or since this router began: it knows nothing of before. */
  readonly idleMs: number;
};

type Entry = { open: number; lastMs: number; touchedMs: number };

/**
 * When environments were asked for last, on this router's monotonic clock, so that no two machines' clocks are compared.
 * Clocks that are shared with other routers are touched too, and may know of a later request.
 */
export class Activity {
  readonly #entries = new Map<string, Entry>();
  readonly #clocks: ActivityClocks | undefined;
  readonly #nowMs: () => number;
  readonly #beganMs: number;

  constructor(clocks?: ActivityClocks, nowMs: () => number = () => performance.now()) {
    this.#clocks = clocks;
    this.#nowMs = nowMs;
    this.#beganMs = nowMs();
  }

  /** Something for the environment begins. */
  begin(env: string): void {
    const entry = this.#entryOf(env);
    entry.open += 1;
    if (this.#clocks !== undefined) this.#touch(env, entry, this.#clocks);
  }

  /** It has ended; its beginning was told before. */
  end(env: string): void {
    const entry = this.#entryOf(env);
    entry.open -= 1;
    entry.lastMs = this.#nowMs();
    if (this.#clocks !== undefined) this.#touch(env, entry, this.#clocks);
  }

  async used(env: string): Promise<Used> {
    const now = this.#nowMs();
    const { open = 0, lastMs = this.#beganMs } = this.#entries.get(env) ?? {};
    const shared = await this.#clocks?.lastActivity(env);
    const sharedIdleMs = shared === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Date.now() - shared);
    return { open, idleMs: Math.round(Math.min(now - lastMs, sharedIdleMs)) };
  }

  #entryOf(env: string): Entry {
    const known = this.#entries.get(env);
    if (known !== undefined) return known;
    const entry = { open: 0, lastMs: this.#beganMs, touchedMs: Number.NEGATIVE_INFINITY };
    this.#entries.set(env, entry);
    return entry;
  }

  #touch(env: string, entry: Entry, clocks: ActivityClocks): void {
    const now = this.#nowMs();
    if (now - entry.touchedMs < touchEveryMs) return;
    entry.touchedMs = now;
    clocks.touch(env);
  }
}
