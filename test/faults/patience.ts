import { type EventuallyOptions, eventually as poll } from '@microstax/testkit/eventually';

/**
 * Nothing here is judged by the time it takes. A limit only ends a test that waits in vain, so it is far beyond what a
 * busy machine needs; a test that holds never waits for it.
 */
const patienceMs = 90_000;

type Check<T> = () => T | undefined | false | Promise<T | undefined | false>;

/** The testkit's, with the patience of this folder. */
export function eventually<T>(check: Check<T>, options: EventuallyOptions = {}): Promise<T> {
  return poll(check, { timeoutMs: patienceMs, ...options });
}

/** Like `eventually`, but its time starts anew for as long as the mark changes: what still moves is slow, not stuck. */
export async function whileItMoves<T>(
  check: Check<T>,
  { mark, ...options }: EventuallyOptions & { readonly mark: () => Promise<string> },
): Promise<T> {
  const look = () => mark().catch(() => undefined); // where the bus is away, nothing moves
  for (let seen = await look(); ; ) {
    try {
      return await eventually(check, options);
    } catch (error) {
      const now = await look();
      if (now === undefined || now === seen) throw error;
      seen = now;
    }
  }
}
