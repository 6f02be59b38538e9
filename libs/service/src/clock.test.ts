import { describe, expect, test } from 'vitest';
import { delay, systemClock } from './clock.ts';
import { DeadlineError, withDeadline } from './deadline.ts';

const never = new Promise<never>(() => {});

describe('delay()', () => {
  test('settles at once, without an error, when its signal aborts', async () => {
    const stop = new AbortController();
    const waited = delay(3_600_000, stop.signal);
    stop.abort();
    await expect(waited).resolves.toBeUndefined();
    await expect(delay(3_600_000, stop.signal)).resolves.toBeUndefined();
  });

  test('does not settle before its time', async () => {
    const begun = systemClock.monotonicMs();
    await systemClock.delay(20);
    expect(systemClock.monotonicMs() - begun).toBeGreaterThan(18);
  });
});

describe('withDeadline()', () => {
  test('hands on what came in time', async () => {
    await expect(withDeadline(Promise.resolve(7), 1_000, 'late')).resolves.toBe(7);
    await expect(withDeadline(Promise.reject(new Error('broken')), 1_000, 'late')).rejects.toThrow('broken');
  });

  test('says its sentence when the time is over', async () => {
    await expect(withDeadline(never, 5, 'Cannot drain: no answer within 5 ms')).rejects.toThrow(
      new DeadlineError('Cannot drain: no answer within 5 ms'),
    );
  });
});
