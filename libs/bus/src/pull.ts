import { withDeadline } from '@microstax/service/deadline';
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from '@nats-io/nats-core';
import { Delivery } from './delivery.ts';

/**
 * Why a pull request is over: `filled`; `empty` at its time-out; `busy`, the server wants us to wait; `gone`, nobody
 * knows the consumer; `silent`, no answer at all; `denied`, we may not.
 */
export type PullEnd = 'filled' | 'empty' | 'busy' | 'gone' | 'silent' | 'denied';

export type PullOptions = {
  readonly nats: NatsConnection;
  /** False in an outage: then nothing arrives, and nothing is worth waiting for. */
  readonly isConnected: () => boolean;
  readonly inboxPrefix: string;
  readonly stream: string;
  readonly durable: string;
  /** Asks the server about the consumer. */
  readonly look: () => Promise<unknown>;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly onEnd: (end: PullEnd) => void;
};

/** Short, so that a request that the server has forgotten is noticed soon; one small message per idle consumer and turn. */
const expiresMs = 5_000;
const graceMs = 3_000;
const drainMs = 2_000;
const heartbeatCode = 100;

/**
 * Pull requests to one durable, one at a time. The client's own `consume` asks again by itself, and drops what is on its
 * way when it is closed; here the consume loop decides when to ask, and closing first receives what was sent.
 */
export class Pull {
  readonly #options: PullOptions;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  #request: { readonly reply: string; left: number; readonly timer: NodeJS.Timeout } | undefined;
  #count = 0;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#inbox = createInbox(options.inboxPrefix);
    this.#subscription = options.nats.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => (error === null ? this.#receive(message) : this.#end('denied')),
    });
  }

  /** Asks for so many messages; does nothing while a request is open. */
  ask(batch: number): void {
    if (this.#request !== undefined || this.#subscription.isClosed() || this.#subscription.isDraining()) return;
    const { nats, stream, durable } = this.#options;
    this.#count += 1;
    const reply = `${this.#inbox}.${this.#count}`;
    const timer = setTimeout(() => this.#end('silent'), expiresMs + graceMs);
    this.#request = { reply, left: batch, timer };
    const body = JSON.stringify({ batch, expires: nanos(expiresMs) });
    nats.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, body, { reply });
  }

  /** The server does not know the open request any more, because the connection was another one. */
  forget(): void {
    clearTimeout(this.#request?.timer);
    this.#request = undefined;
  }

  /**
   * Settles when everything that the server sent has been received and it has dropped the open request. That takes a
   * question about the consumer: nats-server 2.9 keeps a request of a subscription that is gone until then, and the first
   * message that is handed back meanwhile is lost on it until its ack wait.
   */
  async close(): Promise<void> {
    this.forget();
    if (!this.#options.isConnected()) return this.#subscription.unsubscribe();
    try {
      await withDeadline(this.#subscription.drain(), drainMs, 'draining takes too long');
      await this.#options.look();
    } catch {
      // Over a connection that is gone nothing arrives: there is nothing to wait for.
      this.#subscription.unsubscribe();
    }
  }

  #receive(message: Msg): void {
    if (message.subject.startsWith(this.#inbox)) this.#readStatus(message);
    else this.#deliver(message);
  }

  #deliver(message: Msg): void {
    this.#options.onDelivery(new Delivery(message));
    const request = this.#request;
    if (request === undefined) return;
    request.left -= 1;
    if (request.left <= 0) this.#end('filled');
  }

  #readStatus(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === heartbeatCode || message.subject !== this.#request?.reply) return;
    this.#end(endOf(code, message.headers?.description ?? ''));
  }

  #end(end: PullEnd): void {
    this.forget();
    this.#options.onEnd(end);
  }
}

function endOf(code: number, description: string): PullEnd {
  if (code === 404 || code === 408) return 'empty';
  if (code === 503 || /deleted/i.test(description)) return 'gone';
  return 'busy';
}
