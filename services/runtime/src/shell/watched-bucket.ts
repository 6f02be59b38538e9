import type { WatchOptions } from '@microstax/bus/bucket-watch';
import type { Bucket, BucketEntry } from '@microstax/bus/bus';

/**
 * A bucket whose values are known without asking once it is followed. What `get` gives is then what the watch said last,
 * which may be a moment behind: for values that are hints (protocol 21).
 */
export class WatchedBucket implements Bucket, AsyncDisposable {
  readonly #bucket: Bucket;
  readonly #entries = new Map<string, BucketEntry<unknown>>();
  #watch: AsyncDisposable | undefined;
  #isCurrent = false;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Settles when the bucket is being followed; values are known a moment later. */
  async follow(): Promise<void> {
    this.#watch = await this.#bucket.watch({
      onEntry: ({ key, value, revision }) => {
        if (value === undefined) this.#entries.delete(key);
        else this.#entries.set(key, { key, value, revision });
      },
      onCurrent: () => {
        this.#isCurrent = true;
      },
    });
  }

  async get<T>(key: string): Promise<BucketEntry<T> | undefined> {
    return this.#isCurrent ? (this.#entries.get(key) as BucketEntry<T> | undefined) : this.#bucket.get<T>(key);
  }

  put(key: string, value: unknown, after?: number): Promise<number> {
    return this.#bucket.put(key, value, after);
  }

  delete(key: string): Promise<void> {
    return this.#bucket.delete(key);
  }

  keys(): Promise<readonly string[]> {
    return this.#bucket.keys();
  }

  watch<T>(options: WatchOptions<T>): Promise<AsyncDisposable> {
    return this.#bucket.watch(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]();
  }
}
