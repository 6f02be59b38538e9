import { performance } from 'node:perf_hooks';

/**
 * Time as a parameter. `now` is wall time in milliseconds since 1970 and may jump; `monotonicMs` only ever grows and
 * is what silence and leases are measured with. `delay` settles after `ms`, or at once and without an error when the
 * signal aborts: a loop looks at its signal after each delay.
 */
export type Clock = {
  now(): number;
  monotonicMs(): number;
  delay(ms: number, signal?: AbortSignal): Promise<void>;
};

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now(), delay };

/** Settles after `ms`, or at once when the signal aborts; never rejects. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
