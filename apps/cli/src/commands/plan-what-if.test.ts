import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSwaps } from './plan-what-if.ts';

test('readSwaps() reads prices and policies, several behind one flag', () => {
  const folder = mkdtempSync(join(tmpdir(), 'msx-what-if-'));
  try {
    const path = join(folder, 'policies.yaml');
    writeFileSync(path, '- {name: a, effect: veto, when: "true", message: no}');
    expect(readSwaps(['price=startMicros:0,price=bridgeHourMicros:7', `policy=${path}`])).toEqual({
      prices: { startMicros: 0, bridgeHourMicros: 7 },
      policies: [{ name: 'a', effect: 'veto', when: 'true', message: 'no' }],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('readSwaps() reads another parent, at what it offers or at a generation', () => {
  expect(readSwaps(['parent=team'])).toEqual({ prices: {}, parent: { env: 'team', at: undefined } });
  expect(readSwaps(['parent=team@3,price=startMicros:1'])).toEqual({
    prices: { startMicros: 1 },
    parent: { env: 'team', at: 3 },
  });
});

test('readSwaps() takes an empty file for a mistake, as MSX_POLICIES does', () => {
  expect(() => readSwaps(['policy=/dev/null'])).toThrow('it is empty; no policies are written []');
});

test.each([
  ['parent=', 'parent=<env>[@<generation>]'],
  ['parent=shop@0', 'expected an environment, or <env>@<generation>'],
  ['price=5', 'allowed are price='],
  ['price', 'allowed are price='],
  ['price=cpu:5', 'allowed are cpuCoreHourMicros, memoryGiBHourMicros'],
  ['price=constructor:5', 'allowed are cpuCoreHourMicros'],
  ['price=startMicros:', 'whole micro-dollars'],
  ['price=startMicros:abc', 'whole micro-dollars'],
  ['price=startMicros:-1', 'whole micro-dollars'],
  ['price=startMicros:0.5', 'whole micro-dollars'],
  ['policy=/nowhere/at/all.yaml', 'there is no such file'],
])('readSwaps() refuses %s', (word, message) => {
  expect(() => readSwaps([word])).toThrow(message);
});
