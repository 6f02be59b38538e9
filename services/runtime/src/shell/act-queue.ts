type Waiting = { readonly job: string; readonly begin: () => Promise<void> };

/**
 * Acts whose intent is in the journal, in their order: so many under way at once, the others wait for a slot. Owns: which
 * jobs were taken on and not forgotten. Does not own: what an act does, or whether it still may.
 */
export class ActQueue {
  readonly #jobs = new Set<string>();
  #waiting: Waiting[] = [];
  readonly #slots: number;
  #free: number;
  #short: PromiseWithResolvers<void> | undefined;

  constructor(slots: number) {
    this.#slots = slots;
    this.#free = slots;
  }

  /** Jobs that wait, are under way, or have ended and are not forgotten yet. */
  get jobs(): ReadonlySet<string> {
    return this.#jobs;
  }

  /** Takes a job on. `begin` never rejects; without a slot of its own it begins at once. */
  push(job: string, slot: 'one' | 'none', begin: () => Promise<void>): void {
    this.#jobs.add(job);
    if (slot === 'none') {
      void begin();
      return;
    }
    this.#waiting.push({ job, begin });
    this.#next();
  }

  /** Its outcome was heard. */
  forget(job: string): void {
    this.#jobs.delete(job);
  }

  /** Forgets those that have not begun. */
  dropWaiting(): void {
    for (const { job } of this.#waiting) this.#jobs.delete(job);
    this.#waiting = [];
    this.#sayShort();
  }

  /** Whether the slots may soon be without work. */
  get isShort(): boolean {
    return this.#waiting.length <= this.#slots;
  }

  /** Settles once it is short. */
  untilShort(): Promise<void> {
    if (this.isShort) return Promise.resolve();
    this.#short ??= Promise.withResolvers();
    return this.#short.promise;
  }

  #sayShort(): void {
    if (!this.isShort) return;
    this.#short?.resolve();
    this.#short = undefined;
  }

  #next(): void {
    while (this.#free > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#free -= 1;
      this.#sayShort();
      void next.begin().then(() => {
        this.#free += 1;
        this.#next();
      });
    }
  }
}
