import { Activity } from './activity.ts';
import { Changes } from './changes.ts';

const entriesMax = 1_024; // that are unused

/** How many requests and connections each instance has through this router. */
export class InFlight {
  readonly changes = new Changes();
  readonly #open = new Map<string, { count: number }>();
  readonly #activity: Activity;

  constructor(activity: Activity = new Activity()) {
    this.#activity = activity;
  }

  /**
   * Counts one to an instance of an environment; the returned function ends it, once. It is activity of that environment,
   * and of the one that it is for.
   */
  begin(env: string, instance: string, forEnv: string = env): () => void {
    const entry = this.#entryOf(`${env}/${instance}`);
    this.#activity.begin(env);
    if (forEnv !== env) this.#activity.begin(forEnv);
    entry.count += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#activity.end(env);
      if (forEnv !== env) this.#activity.end(forEnv);
      entry.count -= 1;
      this.changes.tell();
    };
  }

  /** Entries stay while they are few: taking one out and in again with every request costs more than keeping it. */
  #entryOf(key: string): { count: number } {
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    if (this.#open.size >= entriesMax)
      for (const [one, { count }] of this.#open) if (count === 0) this.#open.delete(one);
    const entry = { count: 0 };
    this.#open.set(key, entry);
    return entry;
  }

  open(env: string, instances: readonly string[]): number {
    return instances.reduce((sum, instance) => sum + (this.#open.get(`${env}/${instance}`)?.count ?? 0), 0);
  }

  /** Settles with what is still open once nothing is, or after `timeoutMs`. */
  async idle(env: string, instances: readonly string[], timeoutMs: number): Promise<number> {
    await this.changes.until(() => this.open(env, instances) === 0, timeoutMs);
    return this.open(env, instances);
  }
}
