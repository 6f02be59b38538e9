import type { BucketDefinition } from '@microstax/contracts/topology';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import { BucketWatch, type WatchOptions } from './bucket-watch.ts';
import type { Bucket, BucketEntry } from './bus.ts';
import type { BaseConnection } from './connection.ts';
import { toBusError } from './nats-errors.ts';
import { unlessLost } from './unless-lost.ts';

const backMs = 5_000; // as long as an answer may take

/** Binds to a bucket without asking whether it exists: reads of one that does not reject with code `no-stream`. */
export function openBucket(connection: BaseConnection, definition: BucketDefinition): JsonBucket {
  return new JsonBucket(connection, definition);
}

/** The same with a short time-out, for who asks again anyway. */
export function openBucketQuickly(connection: BaseConnection, definition: BucketDefinition): JsonBucket {
  return new JsonBucket({ ...connection, jetstream: connection.quick.jetstream }, definition);
}

export class JsonBucket implements Bucket {
  readonly #connection: BaseConnection;
  readonly #name: string;

  constructor(connection: BaseConnection, { name }: BucketDefinition) {
    this.#connection = connection;
    this.#name = name;
  }

  get<T>(key: string): Promise<BucketEntry<T> | undefined> {
    return this.#attempt('read', key, async (kv) => {
      const entry = await kv.get(key);
      return entry === null || isDeleted(entry) ? undefined : { key, value: entry.json<T>(), revision: entry.revision };
    });
  }

  put(key: string, value: unknown, after?: number): Promise<number> {
    const bytes = JSON.stringify(value);
    return this.#attempt('write', key, (kv) => {
      if (after === undefined) return kv.put(key, bytes);
      return after === 0 ? kv.create(key, bytes) : kv.update(key, bytes, after);
    });
  }

  delete(key: string): Promise<void> {
    return this.#attempt('delete', key, (kv) => kv.delete(key));
  }

  keys(): Promise<readonly string[]> {
    return this.#attempt('list', '>', async (kv) => {
      const keys: string[] = [];
      for await (const key of await kv.keys()) keys.push(key);
      return keys.sort();
    });
  }

  watch<T>(options: WatchOptions<T>): Promise<AsyncDisposable> {
    return BucketWatch.open(this.#connection, this.#name, options);
  }

  async #attempt<R>(verb: string, key: string, work: (kv: KV) => Promise<R>): Promise<R> {
    const doing = `${verb} "${key}" in bucket ${this.#name}`;
    try {
      return await unlessLost(this.#connection, { doing, waitMs: backMs }, async () =>
        // Direct get: the permission that services have, and no detour.
        work(await new Kvm(this.#connection.jetstream).open(this.#name, { allow_direct: true })),
      );
    } catch (error) {
      throw toBusError(error, doing);
    }
  }
}

function isDeleted({ operation }: KvEntry): boolean {
  return operation === 'DEL' || operation === 'PURGE';
}
