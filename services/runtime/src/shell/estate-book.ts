import { environmentKey } from '@microstax/contracts/topology';
import type { OwedDrift } from './say-drift.ts';
import type { JournalPosition } from './task.ts';

/** Environments that this process looks after, where their journals stood when it wrote to them last. */
export class EstateBook {
  readonly #positions = new Map<string, JournalPosition>();
  readonly #owed = new Map<string, OwedDrift>();
  #allDoubted = false;
  readonly #doubted = new Map<string, { readonly org: string; readonly env: string }>();

  note(position: JournalPosition): void {
    this.#positions.set(environmentKey(position.org, position.env), position);
  }

  /** Somebody else owns it now. */
  forget(org: string, env: string): void {
    this.#positions.delete(environmentKey(org, env));
    this.settle(org, env);
  }

  /** Adds to what the graph is to be told of, and gives all of it. One loss that was not orderly makes it drift. */
  owe(org: string, env: string, { services, orderly }: OwedDrift): OwedDrift {
    const owed = this.owed(org, env);
    const all = [...new Set([...(owed?.services ?? []), ...services])].sort();
    const drift = { services: all, orderly: orderly && (owed?.orderly ?? true) };
    this.#owed.set(environmentKey(org, env), drift);
    return drift;
  }

  owed(org: string, env: string): OwedDrift | undefined {
    return this.#owed.get(environmentKey(org, env));
  }

  /** The graph has been told, or somebody else will. */
  settle(org: string, env: string): void {
    this.#owed.delete(environmentKey(org, env));
  }

  /** All there is has to be looked at anew, and only the graph can say what that is. */
  doubtAll(): void {
    this.#allDoubted = true;
  }

  /** The graph has said what there is; each of it is doubted until it was looked at. */
  doubtEach(places: readonly { readonly org: string; readonly env: string }[]): void {
    this.#allDoubted = false;
    for (const { org, env } of places) this.doubt(org, env);
  }

  isAllDoubted(): boolean {
    return this.#allDoubted;
  }

  /** The bus may have forgotten its table, and nobody has looked at what lives of it. */
  doubt(org: string, env: string): void {
    this.#doubted.set(environmentKey(org, env), { org, env });
  }

  /** It was looked at. */
  trust(org: string, env: string): void {
    this.#doubted.delete(environmentKey(org, env));
  }

  doubted(): readonly { readonly org: string; readonly env: string }[] {
    return [...this.#doubted.values()];
  }

  get(org: string, env: string): JournalPosition | undefined {
    return this.#positions.get(environmentKey(org, env));
  }

  all(): readonly JournalPosition[] {
    return [...this.#positions.values()];
  }
}
