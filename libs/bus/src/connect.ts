// Owns: a service's bus, and the order in which it closes.
import type { Bundle } from '@microstax/contracts/bundle';
import type { EventContract } from '@microstax/contracts/event-contract';
import type { RequestContract } from '@microstax/contracts/request-contract';
import type { BucketDefinition, DurableDefinition } from '@microstax/contracts/topology';
import type { Digest } from '@microstax/model/digest';
import { withDeadline } from '@microstax/service/deadline';
import { createHealth, type Health } from '@microstax/service/health';
import type { Log } from '@microstax/service/log';
import type { Telemetry } from '@microstax/service/telemetry';
import { openBucket } from './bucket.ts';
import { openBundle } from './bundles.ts';
import type {
  Bucket,
  Bus,
  ConsumeOptions,
  Consumption,
  DurableState,
  Endpoint,
  Handler,
  PublishOptions,
  PublishReceipt,
  RawMessage,
  ReadOptions,
  StoredMessage,
  StreamState,
  Subscription,
} from './bus.ts';
import {
  type BaseConnection,
  type Connection,
  type ConnectOptions,
  openConnection,
  rememberConnection,
} from './connection.ts';
import { DurableConsumption } from './consume.ts';
import { IncarnationKeeper } from './incarnation.ts';
import { toBusError } from './nats-errors.ts';
import { getObject, putObject } from './objects.ts';
import { publishEvent, publishRaw } from './publish.ts';
import { durableState, lastOn, messageAt, readStream, streamState } from './read-stream.ts';
import { type RequestHow, request, requestRouter } from './request.ts';
import { discoverRouters, type ServedEndpoints, serve, serveRouter } from './services.ts';
import { subscribe } from './subscribe.ts';
import { toHeaders } from './trace-headers.ts';

const discoverMs = 250;
/** A bus that is away must not hold up the end of a service. */
const drainMs = 5_000;

/**
 * Connects a service to the bus. Settles when the server has greeted us; rejects with `BusError` code `unavailable` where
 * it did not within `waitMs` (10 s). Later losses are repaired by themselves, for as long as it takes. Disposing hands
 * back what has not begun, waits for what has, and sends what is buffered.
 */
export async function connectBus(options: ConnectOptions): Promise<Bus> {
  const closing = new AbortController();
  const base = await openConnection(options, closing.signal);
  return new NatsBus(base, closing);
}

class NatsBus implements Bus {
  readonly service: string;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly health: Health = createHealth();
  readonly #connection: Connection;
  readonly #closing: AbortController;
  /** What has to end before the connection does. */
  readonly #parts = new Set<AsyncDisposable>();
  #disposed: Promise<void> | undefined;

  constructor(base: BaseConnection, closing: AbortController) {
    const { service, log, telemetry } = base;
    this.service = service;
    this.log = log;
    this.telemetry = telemetry;
    this.#connection = { ...base, incarnation: new IncarnationKeeper(base) };
    this.#closing = closing;
    rememberConnection(this, this.#connection);
  }

  publish<T extends { readonly org: string; readonly env: string }>(
    contract: EventContract<T>,
    body: T,
    how: PublishOptions,
  ): Promise<PublishReceipt> {
    return publishEvent(this.#connection, contract, body, how);
  }

  publishRaw(message: RawMessage): Promise<PublishReceipt> {
    return publishRaw(this.#connection, message);
  }

  say(subject: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): void {
    try {
      this.#connection.nats.publish(subject, body, { headers: toHeaders(headers) });
    } catch (error) {
      throw toBusError(error, `say on "${subject}"`);
    }
  }

  async consume(durable: DurableDefinition, handle: Handler, options: ConsumeOptions = {}): Promise<Consumption> {
    this.health.setReady(durable.name, false);
    const consumption = this.#keep(new DurableConsumption(this.#connection, durable, handle, options));
    void consumption.bound.then(() => this.health.setReady(durable.name, true));
    return consumption;
  }

  async subscribe(filter: string): Promise<Subscription> {
    return this.#keep(await subscribe(this.#connection, filter));
  }

  read(stream: string, options: ReadOptions): Promise<readonly StoredMessage[]> {
    return readStream(this.#connection, stream, options);
  }

  lastOn(stream: string, subject: string): Promise<StoredMessage | undefined> {
    return lastOn(this.#connection, stream, subject);
  }

  at(stream: string, sequence: number): Promise<StoredMessage | undefined> {
    return messageAt(this.#connection, stream, sequence);
  }

  streamState(stream: string): Promise<StreamState | undefined> {
    return streamState(this.#connection, stream);
  }

  durableState(durable: DurableDefinition): Promise<DurableState | undefined> {
    return durableState(this.#connection, durable);
  }

  request<Request, Reply>(
    contract: RequestContract<Request, Reply>,
    org: string,
    body: Request,
    options?: RequestHow,
  ): Promise<Reply> {
    return request(this.#connection, contract, org, body, options);
  }

  async serve(endpoints: readonly Endpoint[]): Promise<AsyncDisposable> {
    return this.#keep(await serve(this.#connection, endpoints));
  }

  routers(waitMs: number = discoverMs): Promise<readonly string[]> {
    return discoverRouters(this.#connection, waitMs);
  }

  requestRouter<Request, Reply>(
    contract: RequestContract<Request, Reply>,
    id: string,
    body: Request,
    options?: RequestHow,
  ): Promise<Reply> {
    return requestRouter(this.#connection, contract, id, body, options);
  }

  async serveRouter(endpoints: readonly Endpoint[]): Promise<ServedEndpoints> {
    return this.#keep(await serveRouter(this.#connection, endpoints));
  }

  async bucket(definition: BucketDefinition): Promise<Bucket> {
    const bucket = openBucket(this.#connection, definition);
    return {
      get: (key) => bucket.get(key),
      put: (key, value, after) => bucket.put(key, value, after),
      delete: (key) => bucket.delete(key),
      keys: () => bucket.keys(),
      watch: async (options) => this.#keep(await bucket.watch(options)),
    };
  }

  openBundle(bundle: Bundle): Promise<Bundle> {
    return openBundle(this.#connection, bundle);
  }

  putObject(digest: Digest, bytes: string): Promise<void> {
    return putObject(this.#connection, digest, bytes);
  }

  getObject(digest: Digest): Promise<string | undefined> {
    return getObject(this.#connection, digest);
  }

  incarnation(): Promise<number> {
    return this.#connection.incarnation.wait();
  }

  state(): 'connected' | 'reconnecting' | 'closed' {
    return this.#connection.state();
  }

  onReconnect(listener: () => void): void {
    this.#connection.reconnects.add(listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([...this.#parts].map((part) => part[Symbol.asyncDispose]()));
    // The last spans leave over this very connection.
    await this.telemetry.flush();
    const { nats } = this.#connection;
    if (nats.isClosed()) return;
    if (this.state() === 'reconnecting') return nats.close(); // nobody is there to drain to
    // Drained last: a drain under a running consumer strands what it has fetched.
    await withDeadline(nats.drain(), drainMs, 'draining the bus takes too long').catch(() => nats.close());
  }

  /** Remembers a part until it is disposed, by its owner or with the bus. */
  #keep<Part extends AsyncDisposable>(part: Part): Part {
    const dispose = part[Symbol.asyncDispose].bind(part);
    part[Symbol.asyncDispose] = async () => {
      this.#parts.delete(part);
      await dispose();
    };
    this.#parts.add(part);
    return part;
  }
}
