import { delay } from '@microstax/service/clock';

export type EventuallyOptions = {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  readonly message?: string;
};

/**
 * Asks again and again and settles with the first answer that is neither undefined nor false. A check that throws is
 * asked again. Rejects after `timeoutMs` (10 s) with the message and the last answer or error.
 */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = 10_000, intervalMs = 20, message = 'the check holds' } = options;
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await check();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= endsAt) {
      const state =
        last instanceof Error ? `the last error is ${JSON.stringify(last.message)}` : `the last answer is ${last}`;
      throw new Error(`Waited ${timeoutMs} ms in vain until ${message}: ${state}`, { cause: last });
    }
    await delay(intervalMs);
  }
}
