import { must } from '@microstax/model/must';
import type { Endpoint } from '@microstax/model/route-table';

/** Long enough for a table that is on its way, short enough for whoever waits for an answer. */
const attemptsMs = 1_000;
const firstDelayMs = 10;
const delayMsMax = 100;

// The endpoints of one service take turns among themselves: were the turns counted over all requests, a request that
// calls another service each time would meet the same instance of that one for ever.
const turns = new WeakMap<readonly Endpoint[], { next: number }>();

/** How long one request or connection looks for an endpoint that takes it, and who has refused it already. */
export class Attempts {
  #refusedBy: Set<string> | undefined; // most are taken at once
  #endsAt: number | undefined;
  #delayMs = 0;

  /** One that has not refused yet, if there is one. */
  pick(endpoints: readonly Endpoint[]): Endpoint {
    const refusedBy = this.#refusedBy;
    const left = refusedBy === undefined ? endpoints : endpoints.filter((one) => !refusedBy.has(nameOf(one)));
    const among = left.length === 0 ? endpoints : left;
    return must(among[among.length > 1 ? turnOf(endpoints) % among.length : 0], 'a routed request has an endpoint');
  }

  /** Milliseconds until the next attempt; undefined where there has been time enough. */
  next(refusing: Endpoint): number | undefined {
    this.#refusedBy ??= new Set();
    this.#refusedBy.add(nameOf(refusing));
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(Math.max(firstDelayMs, delayMs * 2), delayMsMax);
    const now = performance.now();
    this.#endsAt ??= now + attemptsMs;
    return now + delayMs > this.#endsAt ? undefined : delayMs;
  }
}

function nameOf({ host, targetPort }: Endpoint): string {
  return `${host}:${targetPort}`;
}

// A table's own list of endpoints is one object as long as the table stands.
function turnOf(endpoints: readonly Endpoint[]): number {
  const turn = turns.get(endpoints);
  if (turn === undefined) {
    turns.set(endpoints, { next: 0 });
    return 0;
  }
  turn.next = (turn.next + 1) % 1_000_000;
  return turn.next;
}
