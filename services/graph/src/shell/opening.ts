// Owns: the incarnation of the bus (protocol 29). The graph alone bootstraps, recognises a bus that forgot, and opens it.
// 1. The store has the new incarnation before anybody is told of it; a crash between the two tells it at the next start.
// 2. Nobody is answered the incarnation while it is being looked at.
// 3. What is remembered is read before the bus is asked: messages go on arriving meanwhile, and a stream that was seen a
//    moment ago is not shorter than what has been heard since.
import { bootstrap } from '@microstax/bus/bootstrap';
import type { StreamState } from '@microstax/bus/bus';
import { Unavailable } from '@microstax/bus/bus-error';
import { type IncarnationRecord, openIncarnation } from '@microstax/bus/incarnation';
import { busOpened } from '@microstax/contracts/bus-opened';
import { headerNames } from '@microstax/contracts/header-names';
import { buckets, incarnationKey, streams } from '@microstax/contracts/topology';
import { defaultOrg } from '@microstax/model/names';
import { delay } from '@microstax/service/clock';
import { failpoint } from '@microstax/service/failpoint';
import type { Changes } from '../core/changes.ts';
import type { BusDocument } from '../core/documents.ts';
import { type FoundStream, type IncarnationDecision, judgeBus } from '../core/incarnation.ts';
import { say } from '../core/outbox.ts';
import { busAt } from '../core/places.ts';
import { busWasOpened } from '../events.ts';
import type { Graph } from './graph.ts';
import { type Loop, startLoop } from './loop.ts';

/** Streams whose loss is a bus that forgot; the others hold nothing that anybody waits for. */
const watched: readonly string[] = [streams.submissions.name, streams.events.name];
const lookMs = 2_000;
const publishedLookMs = 20;

export interface Opening extends AsyncDisposable {
  /** The incarnation once it is certain. Rejects with `Unavailable` while the bus is away. */
  current(): Promise<number>;
}

/**
 * Opens the bus, and again whenever it forgot. Settles when it is open. `onOpened` is called after each new incarnation:
 * what lived on the bus only has to be written again.
 */
export async function startOpening(graph: Graph, onOpened: () => Promise<void>): Promise<Opening> {
  const opener = new Opener(graph, onOpened);
  await opener.open();
  const look = async (): Promise<boolean> => {
    if (!(await opener.isAsRemembered())) await opener.open();
    return false;
  };
  const loop = startLoop({ name: 'opening', log: graph.log, clock: graph.clock, restMs: lookMs, work: look });
  graph.bus.onReconnect(() => {
    opener.doubt();
    loop.wake();
  });
  return { current: () => opener.current(), [Symbol.asyncDispose]: () => end(loop) };
}

async function end(loop: Loop): Promise<void> {
  await loop[Symbol.asyncDispose]();
}

class Opener {
  readonly #graph: Graph;
  readonly #onOpened: () => Promise<void>;
  #certain = false;

  constructor(graph: Graph, onOpened: () => Promise<void>) {
    this.#graph = graph;
    this.#onOpened = onOpened;
  }

  doubt(): void {
    this.#certain = false;
  }

  async current(): Promise<number> {
    if (!this.#certain) throw new Unavailable('the incarnation of the bus, which is being looked at,');
    return this.#graph.memory.incarnation;
  }

  /** A cheap look: does the bus reach at least as far as we remember? */
  async isAsRemembered(): Promise<boolean> {
    if (!this.#certain) return false;
    const known = this.#known(); // invariant 3
    const states = await Promise.all(watched.map((name) => this.#graph.bus.streamState(name)));
    return watched.every((name, index) => {
      const was = known[name];
      const now = states[index];
      return was !== undefined && now?.createdAt === was.createdAt && now.lastSequence >= was.lastSequence;
    });
  }

  async open(): Promise<void> {
    this.#certain = false;
    const { bus, memory, store } = this.#graph;
    const remembered = await store.get<BusDocument>(busAt.collection, busAt.key);
    // What was noted since the last commit is newer than what the store has.
    if (remembered && memory.incarnation === 0) memory.restore(remembered.body);
    const known = this.#known(); // invariant 3
    const report = await bootstrap(bus);
    const present = report.streams.filter(({ name }) => watched.includes(name));
    const decision = judgeBus({
      remembered: remembered ? { ...remembered.body, streams: known } : null,
      published: await this.#published(),
      found: await Promise.all(present.map((state) => this.#find(state, known))),
    });
    if (decision.kind === 'new') await this.#remember(decision, present);
    if (decision.kind !== 'same') await this.#publish(decision);
    this.#certain = true;
  }

  #known(): BusDocument['streams'] {
    return Object.fromEntries(
      watched.flatMap((name) => {
        const known = this.#graph.memory.stream(name);
        return known ? [[name, known]] : [];
      }),
    );
  }

  async #published(): Promise<number | null> {
    const bucket = await this.#graph.bus.bucket(buckets.bus);
    return (await bucket.get<IncarnationRecord>(incarnationKey))?.value.incarnation ?? null;
  }

  async #find({ name, createdAt, lastSequence }: StreamState, known: BusDocument['streams']): Promise<FoundStream> {
    const sequence = known[name]?.lastSequence ?? 0;
    const message = sequence === 0 || sequence > lastSequence ? undefined : await this.#graph.bus.at(name, sequence);
    const idAtRemembered = message && (message.header(headerNames.messageId) ?? null);
    return { name, createdAt, lastSequence, idAtRemembered };
  }

  async #remember(
    { incarnation, reason }: IncarnationDecision & { kind: 'new' },
    present: readonly StreamState[],
  ): Promise<void> {
    const { store, memory, clock } = this.#graph;
    const document: BusDocument = {
      incarnation,
      openedAt: clock.now(),
      streams: Object.fromEntries(
        present.map(({ name, createdAt, lastSequence }) => [name, { createdAt, lastSequence, lastId: null }]),
      ),
    };
    const changes: Changes = {
      puts: [{ ...busAt, body: document }],
      removes: [],
      appends: [
        say(
          busOpened,
          { org: defaultOrg, env: 'all', incarnation, reason },
          { inputId: `incarnation:${incarnation}`, traceparent: null },
        ),
      ],
    };
    await store.commit({ ...changes, guards: [] });
    memory.restore(document);
    await failpoint('graph.opening.after-decide'); // invariant 1
  }

  async #publish({ incarnation, reason }: Exclude<IncarnationDecision, { kind: 'same' }>): Promise<void> {
    const { bus, log } = this.#graph;
    await openIncarnation(bus, incarnation, reason);
    busWasOpened(log, { incarnation, reason });
    await this.#onOpened();
    // Our own consumers bind by the same key; answering before they know it would only make others wait.
    for (let looks = 0; looks < 100 && (await bus.incarnation()) !== incarnation; looks++) await delay(publishedLookMs);
  }
}
