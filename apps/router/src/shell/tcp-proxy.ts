import { connect, type Socket } from 'node:net';
import type { Endpoint } from '@microstax/model/route-table';
import type { Address, Asked, RoutedEndpoint } from '../core/route.ts';
import { Attempts } from './attempts.ts';
import type { Refused } from './client.ts';
import { join } from './passages.ts';
import type { Routing } from './routing.ts';

/**
 * Passes bytes through, in both directions and until both have ended, to the one target that the listener's own
 * environment has: no context is read (protocol 26).
 */
export function passThrough(routing: Routing, address: Address, client: Socket): void {
  client.setNoDelay(true);
  new Connecting(routing, { ...address, context: undefined }, client).attempt();
}

class Connecting {
  readonly #routing: Routing;
  readonly #asked: Asked;
  readonly #client: Socket;
  readonly #attempts = new Attempts();

  constructor(routing: Routing, asked: Asked, client: Socket) {
    this.#routing = routing;
    this.#asked = asked;
    this.#client = client;
  }

  attempt(): void {
    if (this.#client.destroyed) return;
    const routed = this.#routing.book.route(this.#asked);
    if (routed.kind === 'denied') {
      if (routed.asleep === undefined) this.#refuse(routed);
      else this.#untilAwake(routed.asleep);
      return;
    }
    this.#connect(routed, this.#attempts.pick(routed.endpoints));
  }

  #refuse(refused: Pick<Refused, 'code' | 'reason'>): void {
    this.#routing.refusals.say(this.#asked, refused);
    this.#client.resetAndDestroy();
  }

  #untilAwake(env: string): void {
    const then = { awake: () => this.attempt(), refused: (refused: Refused) => this.#refuse(refused) };
    this.#routing.sleepers.holdClient(env, this.#client, then);
  }

  #connect({ target, for: forEnv }: RoutedEndpoint, endpoint: Endpoint): void {
    const { inFlight, limits, log, passages } = this.#routing;
    const client = this.#client;
    const end = inFlight.begin(target.env, endpoint.instance, forEnv);
    const { host, targetPort: port } = endpoint;
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true });
    let failure = 'ECONNRESET';
    let isJoined = false;
    const tooLate = (): void => void upstream.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' }));
    const late = setTimeout(tooLate, limits.connectMsMax);
    const leave = (): void => void upstream.destroy();
    client.once('close', leave);
    upstream.on('error', ({ code }: NodeJS.ErrnoException) => {
      failure = code ?? failure;
    });
    upstream.once('connect', () => {
      clearTimeout(late);
      client.off('close', leave);
      isJoined = true;
      passages.watch(client, this.#asked, { env: target.env, instance: endpoint.instance });
      log.debug({ ...this.#asked, target, instance: endpoint.instance }, 'passes a connection through');
      join(client, upstream);
    });
    upstream.once('close', () => {
      clearTimeout(late);
      client.off('close', leave);
      end();
      if (!isJoined) this.#refused(endpoint, failure);
    });
  }

  #refused(endpoint: Endpoint, failure: string): void {
    if (this.#client.destroyed) return;
    const delayMs = this.#attempts.next(endpoint);
    if (delayMs !== undefined) {
      setTimeout(() => this.attempt(), delayMs);
      return;
    }
    const reason = `instance "${endpoint.instance}" takes no connection: ${failure}`;
    this.#refuse({ code: 'upstream-failed', reason });
  }
}
