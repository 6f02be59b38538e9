import type { Bundle } from '@microstax/contracts/bundle';
import type { EventContract } from '@microstax/contracts/event-contract';
import type { Purpose } from '@microstax/contracts/header-names';
import type { RequestContract } from '@microstax/contracts/request-contract';
import type { BucketDefinition, DurableDefinition } from '@microstax/contracts/topology';
import type { Digest } from '@microstax/model/digest';
import type { Health } from '@microstax/service/health';
import type { Log } from '@microstax/service/log';
import type { Telemetry } from '@microstax/service/telemetry';

/** A connection to the bus as one service sees it. Made by `connectBus` in `connect.ts`. */
export interface Bus extends AsyncDisposable {
  readonly service: string;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Each durable by name, ready while it is bound; services add parts of their own. */
  readonly health: Health;

  /**
   * Says an event under the protocol's id (protocol 9). Settles when the server has stored it; a `duplicate` is success.
   * Artifacts that are too large move to the object store first (protocol 8). Headers carry trace, purpose and drive.
   */
  publish<T extends { readonly org: string; readonly env: string }>(
    contract: EventContract<T>,
    body: T,
    how: PublishOptions,
  ): Promise<PublishReceipt>;

  /** Publishes bytes under a subject of ours with a given id: outbox rows, submissions, dead letters. */
  publishRaw(message: RawMessage): Promise<PublishReceipt>;

  /** Fire and forget on core NATS, for previews and spans. */
  say(subject: string, body: Uint8Array, headers?: Readonly<Record<string, string>>): void;

  /**
   * Handles a durable's messages until it is disposed. Settles at once: where the graph has not opened the bus yet, or the
   * bus forgets, it binds by itself as soon as it can (`bound`).
   */
  consume(durable: DurableDefinition, handle: Handler, options?: ConsumeOptions): Promise<Consumption>;

  /** Live core subscription, e.g. of events about an environment; messages published after it settled are seen. */
  subscribe(filter: string): Promise<Subscription>;

  /** Reads a stream once by filter, oldest first, up to its present end. */
  read(stream: string, options: ReadOptions): Promise<readonly StoredMessage[]>;
  /** The last message of a subject on a stream, if any. */
  lastOn(stream: string, subject: string): Promise<StoredMessage | undefined>;
  /** The message at a sequence of a stream, if it is (still) there. */
  at(stream: string, sequence: number): Promise<StoredMessage | undefined>;
  /** How far a stream reaches; undefined where it does not exist. */
  streamState(stream: string): Promise<StreamState | undefined>;
  /** How far a durable has come (protocol 28); undefined where it does not exist. */
  durableState(durable: DurableDefinition): Promise<DurableState | undefined>;

  /** Asks one replica. Rejects with `BusError` code `no-responder`, `timeout` or `refused` (with the other side's sentence). */
  request<Request, Reply>(
    contract: RequestContract<Request, Reply>,
    org: string,
    body: Request,
    options?: { readonly timeoutMs?: number },
  ): Promise<Reply>;
  /** Serves operations of this service in the services API; replicas share them. */
  serve(endpoints: readonly Endpoint[]): Promise<AsyncDisposable>;

  /** Every router that answers the discovery ping within `waitMs` (default 250). */
  routers(waitMs?: number): Promise<readonly string[]>;
  requestRouter<Request, Reply>(
    contract: RequestContract<Request, Reply>,
    id: string,
    body: Request,
    options?: { readonly timeoutMs?: number },
  ): Promise<Reply>;
  /** Serves as a router under an id of its own; every router answers for itself. */
  serveRouter(endpoints: readonly Endpoint[]): Promise<AsyncDisposable & { readonly id: string }>;

  bucket(definition: BucketDefinition): Promise<Bucket>;
  /** Puts all bytes inline again; fetches from the object store what an event named by digest only. */
  openBundle(bundle: Bundle): Promise<Bundle>;
  putObject(digest: Digest, bytes: string): Promise<void>;
  getObject(digest: Digest): Promise<string | undefined>;

  /** The incarnation that the graph opened last (protocol 29); waits for it at start. */
  incarnation(): Promise<number>;
  /** `connected`, or why not; changes are logged. */
  state(): 'connected' | 'reconnecting' | 'closed';
  /** Called after every reconnect. */
  onReconnect(listener: () => void): void;
}

export type PublishOptions = {
  /** Id of the message that this one is the consequence of. */
  readonly inputId: string;
  readonly ordinal?: number;
  readonly drive?: number;
  readonly purpose?: Purpose;
};

export type RawMessage = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type PublishReceipt = { readonly stream: string; readonly sequence: number; readonly duplicate: boolean };

/** A message as a handler gets it. Its span is active, `working()` is sent while the handler runs. */
export type Message = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly stream: string;
  readonly sequence: number;
  /** Of the bus when it was delivered: with `sequence` the order of a submission (protocol 1). */
  readonly incarnation: number;
  readonly deliveries: number;
  /** `Nats-Msg-Id`, else `<stream>:<incarnation>:<sequence>` (protocol 1). */
  readonly id: string;
  readonly purpose: Purpose;
  readonly drive: number;
  /** When the server stored it, milliseconds since 1970. */
  readonly storedAt: number;
  header(name: string): string | undefined;
};

/** What a handler returns; the one consume loop turns it into ack, nak with delay, or a dead letter. */
export type Outcome =
  | { readonly kind: 'done' }
  /** Not yet, not our failure: delivered again after `delayMs` (at most 30 s). */
  | { readonly kind: 'later'; readonly delayMs: number; readonly reason: string }
  /** Poison (protocol 32). */
  | { readonly kind: 'dead'; readonly reason: string };

export const done: Outcome = { kind: 'done' };

/** Throws `Unavailable` for an outage (pause, probe, resume); any other throw twice in a row is poison. */
export type Handler = (message: Message) => Promise<Outcome>;

export type ConsumeOptions = {
  /** Handlers running at once; default 8. */
  readonly concurrency?: number;
  /** Two messages with one key never run at once and keep their order; default: the `<org>.<env>` of the subject. */
  readonly keyOf?: (message: Message) => string;
  /** Protocol 33: awaited before each handler; a message that is held by it holds up no other one. */
  readonly gate?: (message: Message) => Promise<void>;
  /** Asked every `probeMs` while an outage pauses the consumer; true tries one message. By default each time tries. */
  readonly probe?: () => Promise<boolean>;
  /** Between two probes; default 1 s. */
  readonly probeMs?: number;
};

export interface Consumption extends AsyncDisposable {
  /** Stops pulling without losing what is delivered. */
  pause(): void;
  resume(): void;
  readonly durable: string;
  /** Settles when messages are asked for: the graph has opened the bus and the durable exists. */
  readonly bound: Promise<void>;
}

export interface Subscription extends AsyncDisposable, AsyncIterable<LiveMessage> {}
export type LiveMessage = {
  readonly subject: string;
  readonly body: Uint8Array;
  header(name: string): string | undefined;
};

export type ReadOptions = { readonly filter: string; readonly fromSequence?: number; readonly upTo?: number };
export type StoredMessage = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly sequence: number;
  readonly storedAt: number;
  readonly headers: Readonly<Record<string, string>>;
  header(name: string): string | undefined;
};

export type StreamState = {
  readonly name: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly messages: number;
  /** As the server says it; another text means that the stream was created anew. */
  readonly createdAt: string;
};

export type DurableState = {
  /** Everything up to here is settled. */
  readonly ackFloor: number;
  /** Not delivered yet. */
  readonly pending: number;
  /** Delivered and not settled. */
  readonly unsettled: number;
  readonly createdAt: string;
};

export type Endpoint = {
  readonly contract: RequestContract<never, unknown>;
  readonly handle: (request: never, about: { readonly org: string }) => Promise<unknown>;
};

/** Pairs a request with its handler; checks the types of both. */
export function endpoint<Request, Reply>(
  contract: RequestContract<Request, Reply>,
  handle: (request: Request, about: { readonly org: string }) => Promise<Reply>,
): Endpoint {
  return { contract, handle } as unknown as Endpoint;
}

export type BucketEntry<T> = { readonly key: string; readonly value: T; readonly revision: number };

/** JSON values under keys; `put` with `after` is a compare-and-set, 0 means that the key must be absent. */
export interface Bucket {
  get<T>(key: string): Promise<BucketEntry<T> | undefined>;
  /** Rejects with `BusError` code `conflict` when `after` is given and not the key's present revision. */
  put(key: string, value: unknown, after?: number): Promise<number>;
  delete(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
  /** Present values first, then every change; `value` is undefined where the key was deleted. `onCurrent` is called once after the present values. */
  watch<T>(options: {
    readonly key?: string;
    readonly onEntry: (entry: BucketEntry<T | undefined>) => void;
    readonly onCurrent?: () => void;
  }): Promise<AsyncDisposable>;
}
