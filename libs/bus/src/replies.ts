// Owns: what a connection asked for by request and reply, until it is answered.
// Does not own: what follows from an answer that does not come (unless-lost.ts, until-answered.ts).
//
// The client's own way makes an error with its stack for every request that succeeds, and two promises and a race for its
// time-out; of an activation's time that was a tenth.
import {
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  type Subscription,
  TimeoutError,
} from '@nats-io/nats-core';

type Asked = {
  readonly subject: string;
  readonly resolve: (message: Msg) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};

const noResponders = 503;

/** Requests over one subscription. */
export class Replies {
  readonly #nats: NatsConnection;
  readonly #inbox: string;
  readonly #asked = new Map<string, Asked>();
  #subscription: Subscription | undefined;
  #count = 0;

  constructor(nats: NatsConnection, inboxPrefix: string) {
    this.#nats = nats;
    this.#inbox = createInbox(inboxPrefix);
  }

  /**
   * Settles with the first answer. Rejects with the client's errors: `TimeoutError`, `NoRespondersError`,
   * `PermissionViolationError`, and what publishing on a closed connection throws.
   */
  request(
    subject: string,
    body: Uint8Array,
    { timeoutMs, headers }: { readonly timeoutMs: number; readonly headers: MsgHdrs },
  ): Promise<Msg> {
    return new Promise((resolve, reject) => {
      this.#subscription ??= this.#listen();
      this.#count += 1;
      const token = this.#count.toString(36);
      this.#nats.publish(subject, body, { reply: `${this.#inbox}.${token}`, headers });
      const late = (): void => this.#take(token)?.reject(new TimeoutError());
      this.#asked.set(token, { subject, resolve, reject, timer: setTimeout(late, timeoutMs) });
    });
  }

  /** The server says what it denies apart from any request. */
  denied(error: Error): void {
    if (!(error instanceof PermissionViolationError) || error.operation !== 'publish') return;
    for (const [token, { subject }] of this.#asked) if (subject === error.subject) this.#take(token)?.reject(error);
  }

  #listen(): Subscription {
    return this.#nats.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) return;
        const asked = this.#take(message.subject.slice(this.#inbox.length + 1));
        if (asked === undefined) return;
        if (message.data.byteLength === 0 && message.headers?.code === noResponders)
          asked.reject(new NoRespondersError(asked.subject));
        else asked.resolve(message);
      },
    });
  }

  #take(token: string): Asked | undefined {
    const asked = this.#asked.get(token);
    if (asked === undefined) return undefined;
    this.#asked.delete(token);
    clearTimeout(asked.timer);
    return asked;
  }
}
