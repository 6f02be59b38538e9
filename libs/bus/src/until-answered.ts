import { jserrors } from '@nats-io/jetstream/internal';
import { TimeoutError } from '@nats-io/nats-core';
import type { Connection } from './connection.ts';
import { untilBack } from './unless-lost.ts';

const attemptsMax = 3;
const reconnectMs = 10_000;
const lost = Symbol('the connection was lost');

/**
 * Sends what may be sent twice until it is answered: up to three times on a time-out, at once after a reconnect, because
 * the client drops what was under way and would only notice at its time-out.
 */
export async function untilAnswered<T>(connection: Connection, send: () => Promise<T>): Promise<T> {
  for (let timeOuts = 1; ; ) {
    if (connection.state() === 'reconnecting') await untilBack(connection, 'publish', reconnectMs);
    const answer = await orReconnect(connection, send()).catch((error: unknown) => {
      if (!isWorthRepeating(error) || timeOuts >= attemptsMax) throw error;
      timeOuts += 1;
      return lost;
    });
    if (answer !== lost) return answer as T;
  }
}

/** A server that starts opens its streams one by one; until then nobody answers on their subjects. */
function isWorthRepeating(error: unknown): boolean {
  return error instanceof TimeoutError || error instanceof jserrors.JetStreamNotEnabled;
}

async function orReconnect<T>({ reconnects }: Connection, sent: Promise<T>): Promise<T | typeof lost> {
  const { promise, resolve } = Promise.withResolvers<typeof lost>();
  const forget = reconnects.add(() => resolve(lost));
  sent.catch(() => {}); // it may fail after the reconnect was noticed
  try {
    return await Promise.race([sent, promise]);
  } finally {
    forget();
  }
}
