import type { Bucket, BucketEntry } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';

type WatchOptions<T> = { readonly key?: string; readonly onEntry: (entry: BucketEntry<T | undefined>) => void };

/** A bucket in memory with the compare-and-set of a real one; only for tests. */
export class MemoryBucket implements Bucket {
  readonly #entries = new Map<string, { readonly value: unknown; readonly revision: number }>();
  readonly #watchers = new Set<WatchOptions<unknown>>();
  #revision = 0;

  async get<T>(key: string): Promise<BucketEntry<T> | undefined> {
    const entry = this.#entries.get(key);
    return entry && { key, value: entry.value as T, revision: entry.revision };
  }

  async put(key: string, value: unknown, after?: number): Promise<number> {
    if (after !== undefined && after !== (this.#entries.get(key)?.revision ?? 0))
      throw new BusError('conflict', `"${key}" has another revision`);
    this.#revision += 1;
    this.#entries.set(key, { value, revision: this.#revision });
    this.#tell(key, value);
    return this.#revision;
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
    this.#tell(key, undefined);
  }

  async keys(): Promise<readonly string[]> {
    return [...this.#entries.keys()].sort();
  }

  async watch<T>(options: WatchOptions<T>): Promise<AsyncDisposable> {
    const watcher = options as WatchOptions<unknown>;
    this.#watchers.add(watcher);
    const entry = this.#entries.get(options.key ?? '');
    if (entry) watcher.onEntry({ key: options.key ?? '', ...entry });
    return { [Symbol.asyncDispose]: async () => void this.#watchers.delete(watcher) };
  }

  #tell(key: string, value: unknown): void {
    for (const watcher of this.#watchers) {
      if (watcher.key === key) watcher.onEntry({ key, value, revision: this.#revision });
    }
  }
}
