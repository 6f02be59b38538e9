import type { Subscription as NatsSubscription } from '@nats-io/nats-core';
import type { LiveMessage, Subscription } from './bus.ts';
import type { Connection } from './connection.ts';
import { headerReader } from './trace-headers.ts';

/** A live subscription on core NATS. Settles when the server knows it: what is published after that is seen. */
export async function subscribe(connection: Connection, filter: string): Promise<Subscription> {
  const subscription = connection.nats.subscribe(filter);
  await connection.nats.flush();
  return new LiveSubscription(subscription);
}

class LiveSubscription implements Subscription {
  readonly #subscription: NatsSubscription;

  constructor(subscription: NatsSubscription) {
    this.#subscription = subscription;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<LiveMessage> {
    for await (const { subject, data, headers } of this.#subscription)
      yield { subject, body: data, header: headerReader(headers) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription.unsubscribe();
  }
}
