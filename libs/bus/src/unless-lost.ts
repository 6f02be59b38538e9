import { BusError } from './bus-error.ts';
import type { BaseConnection } from './connection.ts';

/**
 * Asks the server once it is there, and waits for that at most `waitMs`. Rejects with code `unavailable` as soon as the
 * connection is lost meanwhile: the client would only notice at its time-out that nobody answers any more. Whether what was
 * asked for has happened is then not known.
 */
export async function unlessLost<T>(
  connection: BaseConnection,
  { doing, waitMs }: { readonly doing: string; readonly waitMs: number },
  send: () => Promise<T>,
): Promise<T> {
  if (connection.state() === 'reconnecting') await untilBack(connection, doing, waitMs);
  const { promise, reject } = Promise.withResolvers<never>();
  const forget = connection.losses.add(() =>
    reject(new BusError('unavailable', `Cannot ${doing}: the connection to the bus was lost meanwhile`)),
  );
  const sent = send();
  sent.catch(() => {}); // it fails too, later
  try {
    return await Promise.race([sent, promise]);
  } finally {
    forget();
  }
}

/** Settles when the bus is back. Rejects with code `unavailable` after `waitMs`, or when the bus closes first. */
export async function untilBack(
  { reconnects, closing }: Pick<BaseConnection, 'reconnects' | 'closing'>,
  doing: string,
  waitMs: number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const forget = reconnects.add(resolve);
  const giveUp = (): void => reject(new BusError('unavailable', `Cannot ${doing}: the bus is away`));
  const timer = setTimeout(giveUp, waitMs);
  closing.addEventListener('abort', giveUp, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', giveUp);
    forget();
  }
}
