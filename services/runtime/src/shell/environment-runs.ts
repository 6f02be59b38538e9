/** What a run is told: when it may begin to act, and when it must come to an end. */
export type Turn = {
  /** Settles when whoever ran before in this environment has stopped. */
  readonly mine: Promise<void>;
  /** Aborted with a sentence when a newer run came, or when everything ends. */
  readonly stop: AbortSignal;
};

type Current = { readonly stop: AbortController; readonly done: Promise<void> };

/**
 * One run at a time in each environment of this process (protocol 19): a newer one tells the older to stop, and begins
 * once it has, so that a world never has two executors of ours.
 */
export class EnvironmentRuns {
  readonly #current = new Map<string, Current>();

  /** Starts a run. Never rejects through here: a run deals with what goes wrong in it. */
  start(key: string, why: string, run: (turn: Turn) => Promise<void>): void {
    const before = this.#current.get(key);
    before?.stop.abort(why);
    const stop = new AbortController();
    const mine = before?.done ?? Promise.resolve();
    const done = run({ mine, stop: stop.signal }).finally(() => {
      if (this.#current.get(key) === current) this.#current.delete(key);
    });
    const current: Current = { stop, done };
    this.#current.set(key, current);
  }

  isRunning(key: string): boolean {
    return this.#current.has(key);
  }

  /** Does something small in an environment where nothing runs; whoever comes meanwhile waits for it. */
  async whileIdle(key: string, work: () => Promise<void>): Promise<void> {
    if (this.isRunning(key)) return;
    let settle: (error?: unknown) => void = () => {};
    const finished = new Promise<unknown>((resolve) => {
      settle = resolve;
    });
    this.start(key, 'a look at what serves', async () => {
      await work().then(() => settle(), settle);
    });
    const error = await finished;
    if (error !== undefined) throw error;
  }

  /** Tells every run to stop and settles when all have. */
  async stopAll(why: string): Promise<void> {
    const all = [...this.#current.values()];
    for (const { stop } of all) stop.abort(why);
    await Promise.all(all.map(({ done }) => done));
  }
}
