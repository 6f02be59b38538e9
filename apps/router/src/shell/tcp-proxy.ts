import { connect, type Socket } from 'node:net';
import type { Endpoint } from '@microstax/model/route-table';
import { type Address, type RoutedEndpoint, route } from '../core/route.ts';
import { Attempts } from './attempts.ts';
import type { Routing } from './routing.ts';

const connectMsMax = 5_000;

/**
 * Passes bytes through, in both directions and until both have ended, to the one target that the listener's own
 * environment has: no context is read (protocol 26). A connection whose target has moved is ended after `lingerMs`,
 * for its client opens the next one at the new target.
 */
export class TcpProxy implements Disposable {
  readonly #routing: Routing;
  readonly #lingerMs: number;
  readonly #passages = new Set<Passage>();
  readonly #forget: () => void;

  constructor(routing: Routing, lingerMs: number) {
    this.#routing = routing;
    this.#lingerMs = lingerMs;
    this.#forget = routing.tables.changes.add(() => {
      for (const passage of this.#passages) passage.review();
    });
  }

  handle(address: Address, client: Socket): void {
    const passage = new Passage({ routing: this.#routing, address, client, lingerMs: this.#lingerMs });
    this.#passages.add(passage);
    client.once('close', () => this.#passages.delete(passage));
    passage.begin();
  }

  [Symbol.dispose](): void {
    this.#forget();
  }
}

type PassageOptions = {
  readonly routing: Routing;
  readonly address: Address;
  readonly client: Socket;
  readonly lingerMs: number;
};

class Passage {
  readonly #options: PassageOptions;
  readonly #attempts = new Attempts();
  /** Where it leads: (environment, instance), for ids are unique in their environment only. */
  #leadsTo: { readonly env: string; readonly instance: string } | undefined;
  #ending: NodeJS.Timeout | undefined;

  constructor(options: PassageOptions) {
    this.#options = options;
  }

  begin(): void {
    const { client } = this.#options;
    client.setNoDelay(true);
    client.once('close', () => clearTimeout(this.#ending));
    this.#attempt();
  }

  /** Ends the connection in a while, unless the route comes back to where it leads. */
  review(): void {
    if (this.#leadsHere()) {
      clearTimeout(this.#ending);
      this.#ending = undefined;
      return;
    }
    const { client, lingerMs } = this.#options;
    this.#ending ??= setTimeout(() => client.resetAndDestroy(), lingerMs).unref();
  }

  #leadsHere(): boolean {
    const { routing, address } = this.#options;
    const to = this.#leadsTo;
    if (to === undefined) return true; // it still looks for one
    const routed = route({ ...address, context: undefined }, routing.tables);
    if (routed.kind === 'denied' || routed.target.env !== to.env) return false;
    return routed.endpoints.some(({ instance }) => instance === to.instance);
  }

  #attempt(): void {
    const { routing, address, client } = this.#options;
    if (client.destroyed) return;
    const routed = route({ ...address, context: undefined }, routing.tables);
    if (routed.kind === 'denied') {
      routing.refusals.say(address, routed);
      client.resetAndDestroy();
      return;
    }
    this.#connect(routed, this.#attempts.pick(routed.endpoints));
  }

  #connect({ target }: RoutedEndpoint, endpoint: Endpoint): void {
    const { routing, address, client } = this.#options;
    const end = routing.inFlight.begin(target.env, endpoint.instance);
    const { host, targetPort: port } = endpoint;
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true });
    let failure = 'ECONNRESET';
    const late = setTimeout(() => upstream.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), connectMsMax);
    const leave = (): void => void upstream.destroy();
    client.once('close', leave);
    upstream.on('error', ({ code }: NodeJS.ErrnoException) => {
      failure = code ?? failure;
    });
    upstream.once('connect', () => {
      clearTimeout(late);
      client.off('close', leave);
      this.#leadsTo = { env: target.env, instance: endpoint.instance };
      routing.log.debug({ ...address, target, instance: endpoint.instance }, 'passes a connection through');
      join(client, upstream);
    });
    upstream.once('close', () => {
      clearTimeout(late);
      client.off('close', leave);
      end();
      if (this.#leadsTo === undefined) this.#refused(endpoint, failure);
    });
  }

  #refused(endpoint: Endpoint, failure: string): void {
    const { routing, address, client } = this.#options;
    if (client.destroyed) return;
    const delayMs = this.#attempts.next(endpoint);
    if (delayMs !== undefined) {
      setTimeout(() => this.#attempt(), delayMs);
      return;
    }
    const reason = `instance "${endpoint.instance}" takes no connection: ${failure}`;
    routing.refusals.say(address, { code: 'upstream-failed', reason });
    client.resetAndDestroy();
  }
}

/** Each side's end is passed on by itself; a side that breaks, breaks the other. */
function join(client: Socket, upstream: Socket): void {
  client.pipe(upstream);
  upstream.pipe(client);
  breakTogether(client, upstream);
  breakTogether(upstream, client);
}

function breakTogether(one: Socket, other: Socket): void {
  one.once('close', () => {
    if (!one.readableEnded || !one.writableFinished) other.resetAndDestroy();
  });
}
