import { expect, test } from 'vitest';
import { dollars } from './dollars.ts';

test.each([
  [0, '$0.00'],
  [5, '$0.000005'],
  [5_100, '$0.0051'],
  [100_000, '$0.10'],
  [1_000_000, '$1.00'],
  [12_345_678, '$12.345678'],
])('dollars() writes %i micro-dollars as %s', (micros, text) => {
  expect(dollars(micros)).toBe(text);
});
