// Owns: where one execution believes its environment's journal to stand.
// 1. One append at a time, by compare-and-set on (epoch, length) (protocol 20).
// 2. An append without an answer is neither stored nor lost: it is sent again, and `stale` by exactly its own length
//    means that it had been stored, because under one epoch nobody else writes.
// 3. Fenced or stale otherwise: this owner writes nothing more.
import { Unavailable } from '@microstax/bus/bus-error';
import type { JournalEvent } from '@microstax/model/journal';
import type { Clock } from '@microstax/service/clock';
import type { Graph } from './graph.ts';

export type Appended =
  | { readonly kind: 'appended' }
  | { readonly kind: 'not ours'; readonly reason: string }
  /** Protocol 21: what an awaiting job says of its provider does not hold (any more). */
  | { readonly kind: 'refused'; readonly reason: string };

const pauseMs = 250;

export class JournalWriter {
  readonly #graph: Graph;
  readonly #clock: Clock;
  readonly #about: { readonly org: string; readonly env: string; readonly execution: string; readonly epoch: number };
  /** Aborted when the process ends: nobody waits for an absent graph then. */
  readonly #giveUp: AbortSignal;
  #length: number;
  #over: string | undefined;

  constructor(options: {
    readonly graph: Graph;
    readonly clock: Clock;
    readonly about: { readonly org: string; readonly env: string; readonly execution: string; readonly epoch: number };
    readonly length: number;
    readonly giveUp: AbortSignal;
  }) {
    this.#graph = options.graph;
    this.#clock = options.clock;
    this.#about = options.about;
    this.#giveUp = options.giveUp;
    this.#length = options.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Settles with an answer of the graph, however long it is away; with `not ours` when the process ends meanwhile. */
  async append(events: readonly JournalEvent[]): Promise<Appended> {
    if (this.#over !== undefined) return { kind: 'not ours', reason: this.#over };
    const { org, ...about } = this.#about;
    for (let uncertain = false; ; uncertain = true) {
      try {
        const reply = await this.#graph.append(org, { ...about, length: this.#length, events });
        if (reply.kind === 'refused') return reply;
        if (reply.kind === 'fenced') return this.#notOurs(`a newer owner has epoch ${reply.epoch}`);
        const stored = this.#length + events.length;
        if (reply.kind === 'stale' && !(uncertain && reply.length === stored)) {
          return this.#notOurs(`the journal has ${reply.length} entries, this owner knows ${this.#length}`);
        }
        this.#length = stored;
        return { kind: 'appended' };
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        if (this.#giveUp.aborted) return this.#notOurs('the graph does not answer and this process ends');
        await this.#clock.delay(pauseMs, this.#giveUp);
      }
    }
  }

  #notOurs(reason: string): Appended {
    this.#over = reason;
    return { kind: 'not ours', reason };
  }
}
