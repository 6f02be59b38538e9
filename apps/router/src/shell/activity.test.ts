import { expect, test } from 'vitest';
import { Activity } from './activity.ts';
import { InFlight } from './in-flight.ts';

test('Activity says how many requests are under way and how long there has been none', async () => {
  let now = 1_000;
  const activity = new Activity(undefined, () => now);
  now += 500;
  expect(await activity.used('shop')).toEqual({ open: 0, idleMs: 500 }); // since it began
  activity.begin('shop');
  activity.begin('shop');
  now += 10_000;
  activity.end('shop');
  expect(await activity.used('shop')).toEqual({ open: 1, idleMs: 0 });
  activity.end('shop');
  now += 700;
  expect(await activity.used('shop')).toEqual({ open: 0, idleMs: 700 });
  expect((await activity.used('other')).idleMs).toBe(11_200);
});

test('InFlight counts a request for whom it is, and for whose instance answers it', async () => {
  const activity = new Activity();
  const inFlight = new InFlight(activity);
  const end = inFlight.begin('shop', 'web-1', 'feat');
  for (const env of ['shop', 'feat']) expect(await activity.used(env)).toMatchObject({ open: 1 });
  const own = inFlight.begin('shop', 'web-1', 'shop');
  expect(await activity.used('shop')).toMatchObject({ open: 2 });
  end();
  end();
  own();
  for (const env of ['shop', 'feat']) expect(await activity.used(env)).toMatchObject({ open: 0 });
});

test('Activity that is shared counts what another router saw', async () => {
  const touched: string[] = [];
  const clocks = { touch: (env: string) => void touched.push(env), lastActivity: async () => Date.now() - 50 };
  let now = 0;
  const activity = new Activity(clocks, () => now);
  now = 60_000;
  expect((await activity.used('shop')).idleMs).toBeLessThan(60_000);
  for (let request = 0; request < 100; request += 1) {
    activity.begin('shop');
    activity.end('shop');
  }
  expect(touched).toEqual(['shop']);
});
