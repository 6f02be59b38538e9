import { setTimeout as sleep } from 'node:timers/promises';

export type RetryPolicy = {
  readonly attemptsMax: number;
  /** No attempt begins later than this after the first. */
  readonly withinMs: number;
  /** The longest rest before the second attempt; it doubles with each. */
  readonly restMs: number;
  readonly restMsMax: number;
  /** Between 0 and 1; the share of the longest rest that is taken, so that those who met once do not meet again. */
  readonly random: () => number;
};

export const defaultRetry: RetryPolicy = {
  attemptsMax: 30,
  withinMs: 20_000,
  restMs: 10,
  restMsMax: 500,
  random: Math.random,
};

/** Does the work again from its start while its error is passing and the budget lasts; then rejects with the last error. */
export async function retry<T>(
  work: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  { attemptsMax, withinMs, restMs, restMsMax, random }: RetryPolicy,
): Promise<T> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const rest = Math.min(restMsMax, restMs * 2 ** (attempt - 1)) * random();
      const late = performance.now() - startedAt + rest > withinMs;
      if (attempt >= attemptsMax || late || !isPassing(error)) throw error;
      await sleep(rest);
    }
  }
}
