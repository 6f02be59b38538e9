// Owns: one connection to nats-server, what it logs, and who is told about its coming back.
// Does not own: what is said over it.

import { delay } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';
import type { Telemetry } from '@microstax/service/telemetry';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection, Status } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { Bus } from './bus.ts';
import { BusError } from './bus-error.ts';
import type { IncarnationKeeper } from './incarnation.ts';
import { Replies } from './replies.ts';

export type ConnectOptions = {
  /** `nats://host:port`, or several with commas. */
  readonly url: string;
  readonly service: string;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** How long the first connection is tried; default 10 s. Later ones are tried for ever. */
  readonly waitMs?: number;
};

/** What every file of this package works with. */
export type Connection = BaseConnection & { readonly incarnation: IncarnationKeeper };

export type BaseConnection = {
  readonly service: string;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly nats: NatsConnection;
  readonly replies: Replies;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** For looking again and again: a server that is starting lets a question lie, and then the next one is to come soon. */
  readonly quick: { readonly jetstream: JetStreamClient; readonly manager: JetStreamManager };
  /** Replies come here and nobody else may read them (one allow-list per service). */
  readonly inboxPrefix: string;
  /** Aborts when the bus begins to close: nothing new is begun. */
  readonly closing: AbortSignal;
  readonly reconnects: Listeners;
  /** Told when the connection is gone: whatever was asked over it is never answered. */
  readonly losses: Listeners;
  state(): 'connected' | 'reconnecting' | 'closed';
  readonly incarnation?: IncarnationKeeper;
};

const firstConnectMs = 10_000;
const retryMs = 200;
const reconnectMs = 250; // a restart of the server takes 0.7 to 1.4 s
const apiTimeoutMs = 5_000;
const quickTimeoutMs = 1_000;
const pingMs = 10_000; // a paused server or a dead path is noticed after two of these

export async function openConnection(options: ConnectOptions, closing: AbortSignal): Promise<BaseConnection> {
  const { service, log, telemetry } = options;
  const inboxPrefix = `_INBOX_${service.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;
  const nats = await firstConnect(options, inboxPrefix);
  // Without checkAPI: asking for the account would need a permission that no service has.
  const js = { timeout: apiTimeoutMs, watcherPrefix: inboxPrefix, checkAPI: false };
  const quick = { ...js, timeout: quickTimeoutMs };
  const replies = new Replies(nats, inboxPrefix);
  const [reconnects, losses] = [new Listeners(), new Listeners()];
  let connected = true;
  const follow = async (): Promise<void> => {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect') connected = false;
      if (status.type === 'reconnect') connected = true;
      logStatus(log, status);
      if (status.type === 'error') replies.denied(status.error);
      if (status.type === 'disconnect') losses.tell(log);
      if (status.type === 'reconnect') reconnects.tell(log);
    }
  };
  void follow();
  return {
    service,
    log,
    telemetry,
    nats,
    replies,
    jetstream: jetstream(nats, js),
    manager: await jetstreamManager(nats, js),
    quick: { jetstream: jetstream(nats, quick), manager: await jetstreamManager(nats, quick) },
    inboxPrefix,
    closing,
    reconnects,
    losses,
    state: () => (nats.isClosed() ? 'closed' : connected ? 'connected' : 'reconnecting'),
  };
}

async function firstConnect(options: ConnectOptions, inboxPrefix: string): Promise<NatsConnection> {
  const { url, service, waitMs = firstConnectMs } = options;
  const endsAt = performance.now() + waitMs;
  for (;;) {
    try {
      return await connect({
        servers: url.split(','),
        name: service,
        inboxPrefix,
        maxReconnectAttempts: -1,
        reconnectTimeWait: reconnectMs,
        reconnectJitter: reconnectMs / 2,
        pingInterval: pingMs,
        maxPingOut: 2,
        noAsyncTraces: true,
      });
    } catch (error) {
      if (performance.now() + retryMs > endsAt) throw cannotConnect(url, error);
      await delay(retryMs);
    }
  }
}

function cannotConnect(url: string, error: unknown): BusError {
  const because = error instanceof Error ? error.message : String(error);
  const where = url.replaceAll(/\/\/[^@/,]*@/g, '//'); // a password may stand before the @
  return new BusError(
    'unavailable',
    `Cannot connect to the bus at "${where}": ${because}; start one with "msx up", or set NATS_URL`,
    { cause: error },
  );
}

function logStatus(log: Log, status: Status): void {
  if (status.type === 'disconnect') log.warn({ server: status.server }, 'bus connection lost');
  else if (status.type === 'reconnect') log.info({ server: status.server }, 'bus connected again');
  // What the server denies arrives here: a wrong allow-list, or somebody who tries.
  else if (status.type === 'error') log.error({ err: status.error, security: isDenial(status.error) }, 'bus error');
}

function isDenial(error: Error): boolean {
  return error.name === 'PermissionViolationError' || error.name === 'AuthorizationError';
}

/** Functions that are called one after the other; one that throws does not stop the rest. */
export class Listeners {
  readonly #listeners = new Set<() => void>();

  /** Returns the function that takes it out again. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(log: Log): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        log.error({ err: error }, 'a listener of the bus threw');
      }
    }
  }
}

const connections = new WeakMap<Bus, Connection>();

/** Files of this package that take a `Bus` reach its connection here; nobody else can. */
export function connectionOf(bus: Bus): Connection {
  const connection = connections.get(bus);
  if (connection === undefined) throw new TypeError('Cannot use this bus: connectBus did not make it');
  return connection;
}

export function rememberConnection(bus: Bus, connection: Connection): void {
  connections.set(bus, connection);
}
