// Owns: the messages of one durable consumer from their delivery until they are settled.
// Does not own: what a handler decides, how often the server delivers, how a consumer comes to be (bootstrap.ts).
// Talks to: the server by pull requests (pull.ts) and the words of a delivery (delivery.ts); the incarnation keeper.
//
// 1. A message is in our hands from its delivery until it is settled. While it is, running or waiting, the server hears
//    `working` every third of the ack wait.
// 2. A sequence is in our hands once: a redelivery of it only replaces the words that will settle it.
// 3. Of one key one handler runs at a time, in order of delivery. Keys do not wait for each other.
// 4. Messages are asked for only while a handler would be idle, and never while paused, in an outage, or unbound.
// 5. An outage uses up no delivery: the message stays in our hands, first in its lane, and one handler tries again after
//    each probe until one succeeds (protocol 32).
// 6. A message is settled on the consumer that delivered it or not at all: a consumer that was made anew counts from 1,
//    and an old answer would settle a stranger.
// 7. `nak` has a delay, except where stopping hands a message back.
// 8. Stopping: ask for nothing more and receive what is on its way; hand back what has not begun; wait for what has.
import type { DurableDefinition } from '@microstax/contracts/topology';
import { streams } from '@microstax/contracts/topology';
import { delay } from '@microstax/service/clock';
import { failpointSpec } from '@microstax/service/config';
import { failpoint } from '@microstax/service/failpoint';
import { inSpan, markFailed } from '@microstax/service/telemetry';
import { type Span, SpanKind, trace } from '@opentelemetry/api';
import { type Binding, findBinding, isSameConsumer } from './binding.ts';
import type { ConsumeOptions, Consumption, Handler, Message, Outcome } from './bus.ts';
import { BusError, Unavailable } from './bus-error.ts';
import type { Connection } from './connection.ts';
import { deadLetter, withoutBody } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import { Lanes } from './lanes.ts';
import { messageOf, traceOf } from './message.ts';
import { publishRaw } from './publish.ts';
import { Pull, type PullEnd } from './pull.ts';
import { messagingAttributes } from './span-attributes.ts';
import { subjectAddress } from './subject-address.ts';
import { headerRecord } from './trace-headers.ts';

const concurrencyDefault = 8;
/** Enough that a busy environment does not keep idle handlers from the others behind it. */
const handsPerHandler = 4;
const nakMsMax = 30_000;
const nakMsBase = 100;
const nakMsMin = 10;
const throwsMax = 2;
const throwsKept = 1_000;
const probeMsDefault = 1_000;
const outageSaidMs = 30_000;
const retryPullMs = 250;

/** A message in our hands. */
type Held = {
  readonly message: Message;
  readonly key: string;
  delivery: Delivery;
  running: boolean;
};

type Settlement =
  | { readonly kind: 'ack' }
  | { readonly kind: 'nak'; readonly delayMs: number }
  | { readonly kind: 'outage'; readonly error: Error };

export class DurableConsumption implements Consumption {
  readonly #connection: Connection;
  readonly #definition: DurableDefinition;
  readonly #handle: Handler;
  readonly #options: ConsumeOptions;
  readonly #concurrency: number;
  readonly #handsMax: number;
  readonly #stop = new AbortController();
  readonly #forgetListeners: readonly (() => void)[];
  readonly #beat: NodeJS.Timeout;
  readonly #bound = Promise.withResolvers<void>();

  /** By sequence (invariant 2). */
  #hands = new Map<number, Held>();
  #lanes = new Lanes<Held>();
  readonly #running = new Set<Promise<void>>();
  /** How often the handler threw, by sequence. */
  readonly #throws = new Map<number, number>();

  #binding: Binding | undefined;
  #binds: Promise<void> | undefined;
  #pull: Pull | undefined;
  readonly #closing = new Set<Promise<void>>();
  #paused = false;
  #outageSince: number | undefined;
  #outageSaid = Number.NEGATIVE_INFINITY;
  #probing = false;
  #stopped: Promise<void> | undefined;

  constructor(connection: Connection, definition: DurableDefinition, handle: Handler, options: ConsumeOptions) {
    this.#connection = connection;
    this.#definition = definition;
    this.#handle = handle;
    this.#options = options;
    this.#concurrency = options.concurrency ?? concurrencyDefault;
    this.#handsMax = Math.min(definition.maxAckPending, this.#concurrency * handsPerHandler);
    this.#beat = setInterval(() => this.#sayWorking(), definition.ackWaitMs / 3);
    const rebind = (): void => this.#bind();
    this.#forgetListeners = [connection.reconnects.add(rebind), connection.incarnation.changes.add(rebind)];
    this.#bind();
  }

  get durable(): string {
    return this.#definition.name;
  }

  get bound(): Promise<void> {
    return this.#bound.promise;
  }

  pause(): void {
    this.#paused = true;
    this.#closePull();
  }

  resume(): void {
    this.#paused = false;
    this.#ask();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  // --- binding -------------------------------------------------------------------------------------------------------

  /** Looks whether our consumer is still the one we know, waits where there is none, and asks again (protocol 29). */
  #bind(): void {
    if (this.#isStopping || this.#binds !== undefined) return;
    this.#pull?.forget();
    this.#binds = this.#bindAnew()
      .catch((error: unknown) => this.#log('error', { err: error }, 'cannot bind'))
      .finally(() => {
        this.#binds = undefined;
        this.#ask();
      });
  }

  async #bindAnew(): Promise<void> {
    const before = this.#binding;
    const found = await findBinding(this.#connection, this.#definition, before, this.#stop.signal);
    if (found === undefined) return;
    if (before !== undefined && !isSameConsumer(found, before)) this.#letGo();
    this.#binding = found;
    this.#bound.resolve();
  }

  /** Invariant 6: what a consumer delivered that is no more belongs to nobody; handlers that run end in silence. */
  #letGo(): void {
    this.#log('warn', { held: this.#hands.size }, 'the consumer was made anew');
    this.#hands = new Map();
    this.#lanes = new Lanes();
    this.#throws.clear();
  }

  // --- pulling -------------------------------------------------------------------------------------------------------

  #ask(): void {
    const ready = this.#binding !== undefined && this.#binds === undefined;
    if (!ready || this.#paused || this.#isStopping || this.#outageSince !== undefined) return;
    const idle = this.#concurrency - this.#lanes.keys;
    const room = this.#handsMax - this.#hands.size;
    const batch = Math.min(idle, room);
    if (batch <= 0) return;
    this.#pull ??= this.#openPull();
    this.#pull.ask(batch);
  }

  #openPull(): Pull {
    const { nats, inboxPrefix } = this.#connection;
    const { stream, name } = this.#definition;
    const pull: Pull = new Pull({
      nats,
      isConnected: () => this.#connection.state() === 'connected',
      inboxPrefix,
      stream,
      durable: name,
      look: () => this.#connection.quick.manager.consumers.info(stream, name),
      onDelivery: (delivery) => this.#receive(delivery),
      onEnd: (end) => {
        if (pull === this.#pull) this.#pullEnded(end);
      },
    });
    return pull;
  }

  #pullEnded(end: PullEnd): void {
    if (end === 'filled' || end === 'empty') {
      this.#ask();
      return;
    }
    if (end === 'denied') this.#log('error', { security: true }, 'may not pull');
    // Where a server starts again it answers `gone` for a moment too: binding tells these apart.
    void delay(end === 'silent' ? 0 : retryPullMs, this.#stop.signal).then(() =>
      end === 'busy' ? this.#ask() : this.#bind(),
    );
  }

  #closePull(): void {
    const closing = this.#pull?.close();
    this.#pull = undefined;
    if (closing === undefined) return;
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }

  #receive(delivery: Delivery): void {
    const binding = this.#binding;
    if (binding === undefined) return;
    const known = this.#hands.get(delivery.sequence);
    if (known !== undefined)
      known.delivery = delivery; // invariant 2
    else this.#take(delivery, messageOf(delivery, binding.incarnation));
  }

  #take(delivery: Delivery, message: Message): void {
    const held = { message, key: this.#keyOf(message), delivery, running: false };
    this.#hands.set(message.sequence, held);
    if (this.#isStopping) return; // handed back with the others
    if (this.#options.gate === undefined) this.#enqueue(held);
    else void this.#passGate(held, this.#options.gate);
  }

  #keyOf(message: Message): string {
    const { keyOf } = this.#options;
    return keyOf === undefined ? subjectAddress(message.subject).key : keyOf(message);
  }

  /** Protocol 33: before the lane, so that a message that is held up does not hold up the next one of its environment. */
  async #passGate(held: Held, gate: (message: Message) => Promise<void>): Promise<void> {
    await gate(held.message).catch((error: unknown) => this.#log('error', { err: error }, 'the gate threw'));
    if (this.#hands.get(held.message.sequence) === held) this.#enqueue(held);
  }

  #enqueue(held: Held): void {
    this.#lanes.push(held.key, held);
    this.#run();
  }

  // --- running -------------------------------------------------------------------------------------------------------

  /** Starts as many handlers as may run: in an outage one, to try (invariant 5). */
  #run(): void {
    const limit = this.#outageSince === undefined ? this.#concurrency : 1;
    while (!this.#isStopping && !this.#probing && this.#running.size < limit) {
      const next = this.#lanes.take();
      if (next === undefined) return;
      const work = this.#runOne(next.item, this.#lanes).finally(() => {
        this.#running.delete(work);
        this.#run();
        this.#ask();
      });
      this.#running.add(work);
    }
  }

  async #runOne(held: Held, lanes: Lanes<Held>): Promise<void> {
    held.running = true;
    const settlement = await this.#process(held);
    held.running = false;
    if (settlement.kind === 'outage') {
      lanes.putBack(held.key, held);
      return this.#beginOutage(settlement.error);
    }
    lanes.release(held.key);
    this.#endOutage();
    if (this.#hands.get(held.message.sequence) !== held) return; // invariant 6
    this.#hands.delete(held.message.sequence);
    if (settlement.kind === 'nak') return this.#settle(held.delivery, (words) => words.nakAfter(settlement.delayMs));
    this.#throws.delete(held.message.sequence);
    this.#settle(held.delivery, (words) => words.ack());
    await this.#acked();
  }

  async #acked(): Promise<void> {
    const name = `${this.durable}.after-ack`;
    if (failpointSpec() !== undefined) await this.#connection.nats.flush().catch(() => {}); // the ack is to be out by then
    await failpoint(name);
  }

  /** The handler in its span, and what follows from how it ended. Never rejects. */
  async #process(held: Held): Promise<Settlement> {
    const { message } = held;
    const { subject, stream, sequence, deliveries, id, storedAt } = message;
    const parent = traceOf(message);
    const producer = trace.getSpanContext(parent);
    const options = {
      kind: SpanKind.CONSUMER,
      parent,
      // Parent and link: conventions want a link, viewers draw parents.
      links: producer === undefined ? [] : [{ context: producer }],
      attributes: messagingAttributes('process', subject, {
        id,
        durable: this.durable,
        stream,
        sequence,
        deliveries,
        waitedMs: Math.max(0, Date.now() - storedAt),
        client: this.#connection.service,
      }),
    };
    const name = `process ${subjectAddress(subject).template}`;
    return inSpan(this.#connection.telemetry.tracer, name, options, async (span) => {
      try {
        return await this.#follow(await this.#handle(message), held, span);
      } catch (error) {
        return await this.#afterThrow(error, held, span);
      }
    }).catch((error: unknown) => ({ kind: 'outage', error: asError(error) }));
  }

  async #follow(outcome: Outcome, held: Held, span: Span): Promise<Settlement> {
    span.setAttribute('msx.outcome', outcome.kind);
    if (outcome.kind === 'done') return { kind: 'ack' };
    if (outcome.kind === 'dead') return this.#bury(outcome.reason, held, span);
    span.addEvent('settle', { 'msx.reason': outcome.reason, 'msx.delay_ms': outcome.delayMs });
    return { kind: 'nak', delayMs: Math.min(nakMsMax, Math.max(nakMsMin, outcome.delayMs)) };
  }

  /** Protocol 32: an outage is no failure of the message; whatever else is thrown twice is poison. */
  async #afterThrow(error: unknown, held: Held, span: Span): Promise<Settlement> {
    markFailed(span, error);
    if (isOutage(error)) return { kind: 'outage', error };
    const { sequence, subject, deliveries, id } = held.message;
    const throws = (this.#throws.get(sequence) ?? 0) + 1;
    this.#log('error', { err: error, subject, sequence, id, deliveries, throws }, 'handler threw');
    if (throws >= throwsMax) return this.#bury(`the handler threw twice: ${asError(error).message}`, held, span);
    this.#remember(sequence, throws);
    return { kind: 'nak', delayMs: Math.min(nakMsMax, nakMsBase * 2 ** deliveries) };
  }

  #remember(sequence: number, throws: number): void {
    this.#throws.set(sequence, throws);
    const [oldest] = this.#throws.keys();
    if (this.#throws.size > throwsKept && oldest !== undefined) this.#throws.delete(oldest);
  }

  /** Says a dead letter and answers ack: unlike `term` with a reason that works on every server. */
  async #bury(reason: string, held: Held, span: Span): Promise<Settlement> {
    const { message, delivery } = held;
    const { subject, stream, sequence, deliveries, id } = message;
    markFailed(span, new Error(reason));
    this.#log('error', { subject, stream, sequence, id, deliveries, reason }, 'poison message');
    // What cannot be handled in the DLQ itself would come back to it for ever: the log has to do.
    if (stream === streams.deadLetters.name) return { kind: 'ack' };
    const headers = headerRecord(delivery.headers);
    const letter = deadLetter({ ...message, headers, consumer: this.durable, deliveries, reason });
    try {
      await publishRaw(this.#connection, letter).catch((error: unknown) => {
        if (error instanceof BusError && error.code === 'payload-too-large')
          return publishRaw(this.#connection, withoutBody(letter));
        throw error;
      });
      return { kind: 'ack' };
    } catch (error) {
      return { kind: 'outage', error: asError(error) };
    }
  }

  // --- outage --------------------------------------------------------------------------------------------------------

  #beginOutage(error: Error): void {
    if (this.#isStopping || this.#probing) return;
    const now = performance.now();
    this.#outageSince ??= now;
    if (now - this.#outageSaid > outageSaidMs) {
      this.#outageSaid = now;
      this.#log('warn', { err: error, sinceMs: Math.round(now - this.#outageSince) }, 'paused by an outage');
    }
    this.#probing = true;
    this.#closePull();
    void this.#probeUntilBack();
  }

  async #probeUntilBack(): Promise<void> {
    const { probeMs = probeMsDefault } = this.#options;
    do await delay(probeMs, this.#stop.signal);
    while (!this.#isStopping && !(await this.#answersProbe()));
    this.#probing = false;
    if (this.#hands.size === 0) this.#endOutage(); // nothing is left to try with
    this.#run();
    this.#ask();
  }

  async #answersProbe(): Promise<boolean> {
    try {
      return (await this.#options.probe?.()) ?? true;
    } catch {
      return false; // what it probes is away
    }
  }

  #endOutage(): void {
    if (this.#outageSince === undefined) return;
    const tookMs = Math.round(performance.now() - this.#outageSince);
    this.#outageSince = undefined;
    this.#log('info', { tookMs }, 'goes on after an outage');
  }

  // --- settling ------------------------------------------------------------------------------------------------------

  #sayWorking(): void {
    for (const { delivery } of this.#hands.values()) this.#settle(delivery, (words) => words.working());
  }

  #settle(delivery: Delivery, say: (delivery: Delivery) => void): void {
    try {
      say(delivery);
    } catch (error) {
      // The connection is closed: the server delivers again after the ack wait.
      this.#log('debug', { err: error, sequence: delivery.sequence }, 'cannot settle');
    }
  }

  // --- stopping ------------------------------------------------------------------------------------------------------

  get #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Invariant 8. */
  async #stopAll(): Promise<void> {
    this.#stop.abort();
    for (const forget of this.#forgetListeners) forget();
    this.#bound.resolve();
    this.#closePull();
    await Promise.all(this.#closing);
    this.#handBackWaiting();
    await Promise.all(this.#running);
    this.#handBackWaiting(); // those whose handler met an outage while we waited
    clearInterval(this.#beat);
    await this.#binds;
  }

  #handBackWaiting(): void {
    for (const [sequence, { running, delivery }] of this.#hands) {
      if (running) continue;
      this.#hands.delete(sequence);
      this.#settle(delivery, (words) => words.handBack());
    }
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', fields: object, text: string): void {
    this.#connection.log[level]({ durable: this.durable, ...fields }, text);
  }
}

/** A connection that closes under a handler is an outage too: the message is handed back or comes again. */
function isOutage(error: unknown): error is Error {
  return error instanceof Unavailable || (error instanceof BusError && (error.again || error.code === 'closed'));
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
