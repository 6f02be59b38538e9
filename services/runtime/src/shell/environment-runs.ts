/** What a run is told: when it may begin to act, and when it must come to an end. */
export type Turn = {
  /** Settles when whoever ran before in this environment has stopped. */
  readonly mine: Promise<void>;
  /** Aborted with a sentence when a newer run came, or when everything ends. */
  readonly stop: AbortSignal;
};

type Current = { readonly stop: AbortController; readonly done: Promise<void>; readonly what: string | undefined };

/**
 * One run at a time in each environment of this process (protocol 19): a newer one tells the older to stop, and begins
 * once it has, so that a world never has two executors of ours.
 */
export class EnvironmentRuns {
  readonly #current = new Map<string, Current>();
  readonly #claiming = new Map<string, Promise<unknown>>();

  /** Starts a run, named by `what` it runs. Never rejects through here: a run deals with what goes wrong in it. */
  start(key: string, why: string, run: (turn: Turn) => Promise<void>, what?: string): void {
    const before = this.#current.get(key);
    before?.stop.abort(why);
    const stop = new AbortController();
    const mine = before?.done ?? Promise.resolve();
    const done = run({ mine, stop: stop.signal }).finally(() => {
      if (this.#current.get(key) === current) this.#current.delete(key);
    });
    const current: Current = { stop, done, what };
    this.#current.set(key, current);
  }

  isRunning(key: string): boolean {
    return this.#current.has(key);
  }

  /** Whether the newest run of an environment is this one. */
  runs(key: string, what: string): boolean {
    return this.#current.get(key)?.what === what;
  }

  /**
   * One claim or takeover at a time in each environment: between the graph's answer and the run that follows from it,
   * nobody else may take the execution for one that nobody runs.
   */
  claiming<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#claiming.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine
      .catch(() => {})
      .then(() => {
        if (this.#claiming.get(key) === settled) this.#claiming.delete(key);
      });
    this.#claiming.set(key, settled);
    return mine;
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
