import type { ClaimReply, ClaimRequest } from '@microstax/contracts/graph-requests';
import type { Clock } from '@microstax/service/clock';
import { type Place, placeText } from '../core/changes.ts';
import type { Claiming } from '../core/claim.ts';

export type ParkedClaim = { readonly request: ClaimRequest; readonly claiming: Claiming };

type Parked = ParkedClaim & { readonly answer: (reply: ClaimReply | null) => void; taken: boolean };

/**
 * Claims that wait for the record of their approval. Whoever records it takes the claim along, so that one commit does
 * both: nobody else waits for that record.
 */
export class ClaimDesk {
  readonly #parked = new Map<string, Set<Parked>>();
  readonly #expecting = new Map<string, Set<() => void>>();

  /**
   * Waits for the record of the activation at a place until it is disposed. `isTaken` says that it is being decided; then
   * `answered` settles with its reply, or with null where it has to be decided once more.
   */
  park(
    at: Place,
    claim: ParkedClaim,
  ): Disposable & { readonly answered: Promise<ClaimReply | null>; readonly isTaken: () => boolean } {
    const key = placeText(at);
    const { promise: answered, resolve: answer } = Promise.withResolvers<ClaimReply | null>();
    const parked: Parked = { ...claim, answer, taken: false };
    add(this.#parked, key, parked);
    for (const wake of this.#expecting.get(key) ?? []) wake();
    return { answered, isTaken: () => parked.taken, [Symbol.dispose]: () => remove(this.#parked, key, parked) };
  }

  /** Settles once a claim waits there, or after `waitMs`. */
  async expect(at: Place, clock: Clock, waitMs: number): Promise<void> {
    const key = placeText(at);
    if (this.#parked.has(key)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const came = new AbortController();
    add(this.#expecting, key, resolve);
    await Promise.race([promise, clock.delay(waitMs, came.signal)]);
    came.abort('it came');
    remove(this.#expecting, key, resolve);
  }

  /** The claim that came first. Whoever takes it has to answer it. */
  take(at: Place): (ParkedClaim & { readonly answer: (reply: ClaimReply | null) => void }) | undefined {
    const key = placeText(at);
    const [parked] = this.#parked.get(key) ?? [];
    if (parked === undefined) return undefined;
    parked.taken = true;
    remove(this.#parked, key, parked);
    return parked;
  }
}

function add<T>(map: Map<string, Set<T>>, key: string, value: T): void {
  const here = map.get(key) ?? new Set();
  map.set(key, here.add(value));
}

function remove<T>(map: Map<string, Set<T>>, key: string, value: T): void {
  const here = map.get(key);
  here?.delete(value);
  if (here?.size === 0) map.delete(key);
}
