import { expect, test } from 'vitest';
import { inProcessActivityClocks } from './activity-clocks.ts';

test('inProcessActivityClocks() remembers the last touch of each environment, and nothing of others', async () => {
  let now = 1_000;
  const clocks = inProcessActivityClocks({ now: () => now });
  clocks.touch('shop');
  now = 2_000;
  clocks.touch('feat');
  clocks.touch('shop');

  expect(await clocks.lastActivity('shop')).toBe(2_000);
  expect(await clocks.lastActivity('feat')).toBe(2_000);
  expect(await clocks.lastActivity('constructor')).toBeUndefined();
});
