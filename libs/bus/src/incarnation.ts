import { buckets, incarnationKey } from '@microstax/contracts/topology';
import { delay } from '@microstax/service/clock';
import { openBucket, openBucketQuickly } from './bucket.ts';
import type { Bus } from './bus.ts';
import { BusError } from './bus-error.ts';
import { type BaseConnection, connectionOf, Listeners } from './connection.ts';

/** What stands under the key. `openedAt` is in milliseconds since 1970. */
export type IncarnationRecord = { readonly incarnation: number; readonly openedAt: number; readonly reason?: string };

const openMs = 250;
const lookMs = 1_000;

/**
 * Protocol 29: the graph alone opens an incarnation. Settles when the key holds it. Rejects with `BusError` code
 * `conflict` where the key holds this one or a newer.
 */
export async function openIncarnation(bus: Bus, incarnation: number, reason: string): Promise<void> {
  const bucket = openBucket(connectionOf(bus), buckets.bus);
  const present = await bucket.get<IncarnationRecord>(incarnationKey);
  if (present !== undefined && present.value.incarnation >= incarnation) {
    throw new BusError(
      'conflict',
      `Cannot open incarnation ${incarnation}: the bus is in ${present.value.incarnation}, a newer one is wanted`,
    );
  }
  const record: IncarnationRecord = { incarnation, openedAt: Date.now(), reason };
  await bucket.put(incarnationKey, record, present?.revision ?? 0);
}

/** Calls `listener` with the present incarnation once it is known, then with each new one, within about a second. */
export async function watchIncarnation(bus: Bus, listener: (incarnation: number) => void): Promise<AsyncDisposable> {
  const { incarnation } = connectionOf(bus);
  let told: number | undefined;
  const tell = (): void => {
    const present = incarnation.known;
    if (present === undefined || present === told) return;
    told = present;
    listener(present);
  };
  const forget = incarnation.changes.add(tell);
  tell();
  return { [Symbol.asyncDispose]: async () => forget() };
}

/**
 * Knows the incarnation. It looks at the key again and again instead of watching it: a watch dies with its bucket, and
 * this key has to be seen just when buckets are made anew.
 */
export class IncarnationKeeper {
  readonly changes = new Listeners();
  readonly #connection: BaseConnection;
  #known: number | undefined;

  constructor(connection: BaseConnection) {
    this.#connection = connection;
    void this.#look();
  }

  get known(): number | undefined {
    return this.#known;
  }

  /** Reads the key now; undefined where it cannot be read or is absent. */
  async read(): Promise<number | undefined> {
    const entry = await openBucketQuickly(this.#connection, buckets.bus)
      .get<IncarnationRecord>(incarnationKey)
      .catch(() => undefined); // the bucket may be gone, or the bus away: both end
    const found = entry?.value.incarnation;
    if (found !== undefined && found !== this.#known) {
      this.#connection.log.info({ incarnation: found, before: this.#known }, 'incarnation of the bus');
      this.#known = found;
      this.changes.tell(this.#connection.log);
    }
    return found;
  }

  /** The incarnation, waited for. Rejects with code `closed` when the bus closes first. */
  async wait(): Promise<number> {
    for (;;) {
      const found = this.#known ?? (await this.read());
      if (found !== undefined) return found;
      await delay(openMs, this.#connection.closing);
      if (this.#connection.closing.aborted)
        throw new BusError('closed', 'Cannot wait for the incarnation of the bus: the connection is closing');
    }
  }

  async #look(): Promise<void> {
    const { closing } = this.#connection;
    while (!closing.aborted) {
      await this.read();
      await delay(this.#known === undefined ? openMs : lookMs, closing);
    }
  }
}
