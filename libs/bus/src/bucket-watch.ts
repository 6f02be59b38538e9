import { delay } from '@microstax/service/clock';
import { type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import type { BucketEntry } from './bus.ts';
import type { BaseConnection } from './connection.ts';
import { toBusError } from './nats-errors.ts';

export type WatchOptions<T> = {
  readonly key?: string;
  readonly onEntry: (entry: BucketEntry<T | undefined>) => void;
  readonly onCurrent?: () => void;
};

const reopenMs = 500;

/**
 * A watch that outlives its bucket: where the bus has forgotten it, the watch begins anew on the next one (protocol 29)
 * and says the present values again. The client's own watch does not tell an empty bucket from a slow one, so it is a
 * consumer of ours.
 */
export class BucketWatch<T> implements AsyncDisposable {
  readonly #connection: BaseConnection;
  readonly #bucket: string;
  readonly #options: WatchOptions<T>;
  readonly #stop = new AbortController();
  readonly #forget: () => void;
  #messages: ConsumerMessages | undefined;
  #isCurrent = false;

  static async open<T>(connection: BaseConnection, bucket: string, options: WatchOptions<T>): Promise<BucketWatch<T>> {
    const watch = new BucketWatch(connection, bucket, options);
    try {
      await watch.#begin();
      return watch;
    } catch (error) {
      await watch[Symbol.asyncDispose]();
      throw toBusError(error, `watch bucket ${bucket}`);
    }
  }

  private constructor(connection: BaseConnection, bucket: string, options: WatchOptions<T>) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#options = options;
    // Ending the present one makes it begin anew.
    const forget = connection.incarnation?.changes.add(() => void this.#messages?.close());
    this.#forget = forget ?? (() => {});
  }

  async #begin(): Promise<void> {
    const { key = '>' } = this.#options;
    const consumer = await this.#connection.jetstream.consumers.getPushConsumer(`KV_${this.#bucket}`, {
      filter_subjects: `${this.#prefix}${key}`,
      deliver_policy: DeliverPolicy.LastPerSubject,
    });
    let left = (await consumer.info(true)).num_pending;
    if (left === 0) this.#current();
    const messages = await consumer.consume({
      callback: (message) => {
        if (this.#stop.signal.aborted) return;
        this.#tell(message);
        left -= 1;
        if (left === 0) this.#current();
      },
    });
    this.#messages = messages;
    // Disposed of while it began anew: nobody else knows of this one.
    if (this.#stop.signal.aborted) await messages.close();
    void messages.closed().then(() => this.#beginAgain());
  }

  async #beginAgain(): Promise<void> {
    const { closing, log } = this.#connection;
    while (!this.#stop.signal.aborted && !closing.aborted) {
      try {
        await this.#begin();
        return;
      } catch (error) {
        log.debug({ err: error, bucket: this.#bucket }, 'cannot watch the bucket yet');
        await delay(reopenMs, this.#stop.signal);
      }
    }
  }

  #tell(message: JsMsg): void {
    const key = message.subject.slice(this.#prefix.length);
    const deleted = message.headers?.has('KV-Operation') || message.headers?.has('Nats-Marker-Reason');
    try {
      const value = deleted ? undefined : message.json<T>();
      this.#options.onEntry({ key, value, revision: message.seq });
    } catch (error) {
      // One value that cannot be read, or a listener that throws, must not end the watch.
      this.#connection.log.error({ err: error, bucket: this.#bucket, key }, 'cannot handle an entry');
    }
  }

  #current(): void {
    if (this.#isCurrent) return;
    this.#isCurrent = true;
    this.#options.onCurrent?.();
  }

  get #prefix(): string {
    return `$KV.${this.#bucket}.`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#forget();
    await this.#messages?.close();
  }
}
