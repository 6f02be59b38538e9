import { describe, expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

describe('createFakeClock()', () => {
  test('settles delays in the order in which they fall due, each at its own time', async () => {
    const clock = createFakeClock(1_000);
    const woken: [string, number][] = [];
    void clock.delay(30).then(() => woken.push(['late', clock.now()]));
    void clock.delay(10).then(async () => {
      woken.push(['early', clock.now()]);
      await clock.delay(10);
      woken.push(['again', clock.now()]);
    });
    await clock.advance(9);
    expect(woken).toEqual([]);
    await clock.advance(21);
    expect(woken).toEqual([
      ['early', 1_010],
      ['again', 1_020],
      ['late', 1_030],
    ]);
    expect(clock.monotonicMs()).toBe(30);
  });

  test('ends a delay whose signal aborts', async () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const waited = clock.delay(10, stop.signal);
    stop.abort();
    await waited;
    expect(clock.waiting()).toBe(0);
  });

  test('keeps monotonic time when wall time jumps', () => {
    const clock = createFakeClock(1_000);
    clock.setWallTime(500);
    expect([clock.now(), clock.monotonicMs()]).toEqual([500, 0]);
  });
});
