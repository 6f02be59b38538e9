import { expect, test } from 'vitest';
import { cpuMillicores, quantityBytes } from './quantities.ts';

test('cpuMillicores() reads millicores and cores, as text and as number', () => {
  expect(['250m', '0.25', 0.25, 1, '1', '1m', 2.5].map(cpuMillicores)).toEqual([250, 250, 250, 1000, 1000, 1, 2500]);
});

test('cpuMillicores() refuses what is none, and less than one millicore', () => {
  expect(['', 'm', '1x', '-1', 0, '0m', '0.0001', Number.NaN, Infinity, '1e3', '1 '].map(cpuMillicores)).toEqual(
    Array(11).fill(undefined),
  );
});

test('quantityBytes() reads powers of two, powers of ten and bytes', () => {
  const written = ['128Mi', '1Gi', '512M', '64Ki', '100k', 1000, '1000', '1.5Gi', 0];
  expect(written.map(quantityBytes)).toEqual([134217728, 1073741824, 512e6, 65536, 1e5, 1000, 1000, 1610612736, 0]);
});

test('quantityBytes() refuses what is none, and more than can be counted', () => {
  expect(['', 'Mi', '1mi', '1KB', '-1', -1, '9007199254740993', '99999999Ti'].map(quantityBytes)).toEqual(
    Array(8).fill(undefined),
  );
});
