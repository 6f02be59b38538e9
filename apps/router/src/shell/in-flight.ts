import { Activity } from './activity.ts';
import { Changes } from './changes.ts';

/** How many requests and connections each instance has through this router. */
export class InFlight {
  readonly changes = new Changes();
  readonly #open = new Map<string, number>();
  readonly #activity: Activity;

  constructor(activity: Activity = new Activity()) {
    this.#activity = activity;
  }

  /**
   * Counts one to an instance of an environment; the returned function ends it, once. It is activity of that environment,
   * and of the one that it is for.
   */
  begin(env: string, instance: string, forEnv: string = env): () => void {
    const key = `${env}/${instance}`;
    this.#activity.begin(env);
    if (forEnv !== env) this.#activity.begin(forEnv);
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#activity.end(env);
      if (forEnv !== env) this.#activity.end(forEnv);
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left > 0) this.#open.set(key, left);
      else this.#open.delete(key);
      this.changes.tell();
    };
  }

  open(env: string, instances: readonly string[]): number {
    return instances.reduce((sum, instance) => sum + (this.#open.get(`${env}/${instance}`) ?? 0), 0);
  }

  /** Settles with what is still open once nothing is, or after `timeoutMs`. */
  async idle(env: string, instances: readonly string[], timeoutMs: number): Promise<number> {
    await this.changes.until(() => this.open(env, instances) === 0, timeoutMs);
    return this.open(env, instances);
  }
}
