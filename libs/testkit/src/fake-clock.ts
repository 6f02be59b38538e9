import type { Clock } from '@microstax/service/clock';

/** A clock that stands still until the test moves it. */
export type FakeClock = Clock & {
  /** Moves wall and monotonic time on; delays that fall due settle in their order, each at its own time. */
  advance(ms: number): Promise<void>;
  /** Moves both on at once, as for a process that was halted: nothing wakes before it is all over. */
  skip(ms: number): void;
  /** Moves wall time alone, forward or back: what an operator or NTP does. */
  setWallTime(ms: number): void;
  /** How many delays wait. */
  waiting(): number;
};

type Sleeper = { readonly dueMs: number; readonly wake: () => void };

/** Wall time starts at `startMs`, by default the first millisecond of 2026 UTC; monotonic time at 0. */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let wallMs = startMs;
  let elapsedMs = 0;
  let sleepers: Sleeper[] = [];

  const moveTo = (targetMs: number): void => {
    wallMs += targetMs - elapsedMs;
    elapsedMs = targetMs;
  };

  const delay = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        sleepers = sleepers.filter((each) => each !== sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { dueMs: elapsedMs + ms, wake };
      sleepers.push(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
    });
  };

  const advance = async (ms: number): Promise<void> => {
    const targetMs = elapsedMs + ms;
    for (;;) {
      const next = sleepers.filter(({ dueMs }) => dueMs <= targetMs).toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      moveTo(Math.max(elapsedMs, next.dueMs));
      next.wake();
      // Who was woken may ask for its next delay, which may fall due as well.
      await new Promise(setImmediate);
    }
    moveTo(targetMs);
  };

  return {
    now: () => wallMs,
    monotonicMs: () => elapsedMs,
    delay,
    advance,
    skip: (ms) => moveTo(elapsedMs + ms),
    setWallTime: (ms) => {
      wallMs = ms;
    },
    waiting: () => sleepers.length,
  };
}
