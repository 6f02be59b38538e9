import { expect, test } from 'vitest';
import { satisfiesContract } from './contract-version.ts';

test.each([
  ['1.4', '1.4', true],
  ['1.4', '1.2', true],
  ['1.4', '1', true],
  ['1', '1.0', true],
  ['1.4', '1.10', false],
  ['2.0', '1.4', false],
  ['1.4', '2.0', false],
  ['x', '1.0', false],
])('a service of contract %s serves who requires %s: %s', (offered, required, serves) => {
  expect(satisfiesContract(offered, required)).toBe(serves);
});
