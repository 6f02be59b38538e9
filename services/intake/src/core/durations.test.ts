import { expect, test } from 'vitest';
import { durationSeconds } from './durations.ts';

test.each<[string | number, number | undefined]>([
  ['10s', 10],
  ['1m30s', 90],
  ['72h', 259_200],
  ['7d', 604_800],
  ['1d1h1m1s', 90_061],
  ['0s', 0],
  ['15', 15],
  [15, 15],
  ['', undefined],
  ['10', 10],
  ['1m30', undefined],
  ['30s1m', undefined],
  ['500ms', undefined],
  ['-1s', undefined],
  [-1, undefined],
  [1.5, undefined],
  [1e21, undefined],
  ['999999999d', undefined],
  ['١s', undefined],
])('the duration %j is %j seconds', (written, seconds) => {
  expect(durationSeconds(written)).toBe(seconds);
});
