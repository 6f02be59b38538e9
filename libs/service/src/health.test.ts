import { expect, test } from 'vitest';
import { createHealth } from './health.ts';

test('createHealth() is ready when every part is', () => {
  const health = createHealth('bus', 'store');
  expect(health.ready()).toBe(false);
  health.setReady('store', true);
  expect(health.ready()).toBe(false);
  health.setReady('bus', true);
  expect(health.ready()).toBe(true);
  health.setReady('bus', false);
  expect(health.ready()).toBe(false);
  expect(health.describe()).toEqual({ bus: false, store: true });
});

test('createHealth() without parts is not ready', () => {
  expect(createHealth().ready()).toBe(false);
});
