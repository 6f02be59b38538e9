import { systemClock } from '@microstax/service/clock';
import { expect, test } from 'vitest';
import { ClaimDesk, type ParkedClaim } from './claim-desk.ts';

const at = { collection: 'activations', key: 'default/shop/000000000001' } as const;
const owner = { host: 'test', pid: 1, startTime: '1', bootId: 'boot' };
const request = { env: 'shop', generation: 1, approval: 'sha256:0', owner } as const;
const claiming = { approval: 'sha256:0', owner, now: 1, traceparent: null, movedTraceparent: '' } as const;
const parked: ParkedClaim = { request, claiming };
const minuteMs = 60_000;

test('A claim that waits for a record is taken once, and answered by whoever took it', async () => {
  const desk = new ClaimDesk();
  using waiting = desk.park(at, parked);
  expect(waiting.isTaken()).toBe(false);
  const taken = desk.take(at);
  expect(taken?.request).toBe(request);
  expect(desk.take(at)).toBeUndefined();
  expect(waiting.isTaken()).toBe(true);
  taken?.answer({ kind: 'preview' });
  expect(await waiting.answered).toEqual({ kind: 'preview' });
});

test('Whoever records waits for the claim, and no longer than that or than it may', async () => {
  const desk = new ClaimDesk();
  const expected = desk.expect(at, systemClock, minuteMs);
  using _ = desk.park(at, parked);
  await expected;
  await desk.expect(at, systemClock, minuteMs);
  await new ClaimDesk().expect(at, systemClock, 1);
});

test('A claim that waits no longer is not taken', () => {
  const desk = new ClaimDesk();
  desk.park(at, parked)[Symbol.dispose]();
  expect(desk.take(at)).toBeUndefined();
});
