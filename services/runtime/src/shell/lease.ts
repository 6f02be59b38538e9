import type { Clock } from '@microstax/service/clock';
import type { Graph } from './graph.ts';

/**
 * The right to act, as this owner can know it (protocol 22): renewed every third of it, and doubtful once it could not be
 * renewed for its length. A doubtful owner starts nothing; it may go on when a renewal succeeds.
 */
export class Lease implements Disposable {
  readonly #options: LeaseOptions;
  readonly #end = new AbortController();
  #renewedAtMs: number;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#renewedAtMs = options.clock.monotonicMs(); // the claim or takeover itself
    void this.#renew(); // ends with the lease and never rejects
  }

  /** Whether something may be started. Asked after every wait and right before every act. */
  isFresh(): boolean {
    const { clock, leaseMs } = this.#options;
    return clock.monotonicMs() - this.#renewedAtMs < leaseMs;
  }

  async #renew(): Promise<void> {
    const { graph, clock, leaseMs, org, env, epoch, onFenced } = this.#options;
    const everyMs = leaseMs / 3;
    for (;;) {
      await clock.delay(everyMs, this.#end.signal);
      if (this.#end.signal.aborted) return;
      const askedAtMs = clock.monotonicMs();
      try {
        const reply = await graph.renew(org, { env, epoch }, everyMs);
        if (this.#end.signal.aborted) return;
        if (reply.kind === 'fenced') return onFenced(`a newer owner has epoch ${reply.epoch}`);
        this.#renewedAtMs = askedAtMs; // the graph measured no later than this
      } catch {
        // Asked again at the next turn; silence is what makes the lease doubtful.
      }
    }
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }
}

export type LeaseOptions = {
  readonly graph: Graph;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly org: string;
  readonly env: string;
  readonly epoch: number;
  readonly onFenced: (reason: string) => void;
};
