import type { Bus } from '@microstax/bus/bus';
import { BusError, Unavailable } from '@microstax/bus/bus-error';
import type { RequestContract } from '@microstax/contracts/request-contract';
import {
  type ConfirmReply,
  type ConfirmRequest,
  confirmRoutes,
  type IdleReply,
  type IdleRequest,
  idleEndpoints,
  type ScopeReply,
  type ScopeRequest,
  scope,
} from '@microstax/contracts/router-requests';
import type { Clock } from '@microstax/service/clock';

/** One router's answer, or that there is no such router any more, or that it did not answer in time. */
export type RouterAnswer<T> =
  | { readonly kind: 'answered'; readonly reply: T }
  | { readonly kind: 'gone' }
  | { readonly kind: 'silent'; readonly reason: string };

/** The routers of the bus. */
export interface Routers {
  /**
   * Everyone who answers the discovery ping, and everyone who answered before and is not known to be gone. An answer of
   * less than a second ago counts: a router that started since read every table before it listened (protocol 25).
   */
  ids(): Promise<readonly string[]>;
  scope(id: string, request: ScopeRequest): Promise<RouterAnswer<ScopeReply>>;
  confirm(id: string, request: ConfirmRequest): Promise<RouterAnswer<ConfirmReply>>;
  idle(id: string, request: IdleRequest): Promise<RouterAnswer<IdleReply>>;
}

const freshMs = 1_000;
const restMs = 500; // with the time that asking takes, answers stay fresh
const scopeTimeoutMs = 5_000;
const settlingMs = 3_000;
const marginMs = 1_000; // the router measures its own time-out; its answer has to travel

/** Asks again and again until `end`, so that no job has to wait for the answers to a ping. */
export function routersOver(bus: Bus, clock: Clock, end: AbortSignal): Routers {
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let connectedAtMs = Number.NEGATIVE_INFINITY;
  bus.onReconnect(() => {
    connectedAtMs = clock.monotonicMs();
  });
  // A busy machine can answer a ping too late; who answered once is asked until it is gone.
  const known = new Set<string>();
  async function ask<Request, Reply>(
    contract: RequestContract<Request, Reply>,
    id: string,
    request: Request,
    timeoutMs: number,
  ): Promise<RouterAnswer<Reply>> {
    try {
      return { kind: 'answered', reply: await bus.requestRouter(contract, id, request, { timeoutMs }) };
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      if (isOutage(error)) throw new Unavailable(`router ${id}`, { cause: error });
      if (error.code !== 'no-responder') return { kind: 'silent', reason: error.message };
      known.delete(id);
      return { kind: 'gone' };
    }
  }
  // A router that was there a moment ago may come back to the bus a moment after us.
  function isOutage({ code }: BusError): boolean {
    if (code === 'no-responder') return clock.monotonicMs() - connectedAtMs < settlingMs;
    return code === 'unavailable';
  }
  async function look(): Promise<void> {
    const startedAtMs = clock.monotonicMs();
    for (const id of await bus.routers()) known.add(id);
    askedAtMs = startedAtMs;
  }
  async function lookOn(): Promise<void> {
    while (!end.aborted) {
      await look();
      await clock.delay(restMs, end);
    }
  }
  void lookOn();
  return {
    ids: async () => {
      if (known.size === 0 || clock.monotonicMs() - askedAtMs >= freshMs) await look();
      return [...known].sort();
    },
    scope: (id, request) => ask(scope, id, request, scopeTimeoutMs),
    confirm: (id, request) => ask(confirmRoutes, id, request, request.timeoutMs + marginMs),
    idle: (id, request) => ask(idleEndpoints, id, request, request.timeoutMs + marginMs),
  };
}
