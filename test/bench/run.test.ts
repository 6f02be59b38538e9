import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quantile } from './quantiles.ts';
import { asJsonLines, asTable } from './table.ts';

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), ...args]);
  return { status, out: String(stdout), err: String(stderr) };
};
const patienceMs = 30_000;

test(
  'a bench is called by its name; any other one ends with 2 and the list',
  () => {
    const unknown = run('speed');
    expect(unknown).toMatchObject({ status: 2, out: '' });
    expect(unknown.err).toMatch(/there is no bench "speed"[\s\S]*activation/);
    expect(run()).toMatchObject({ status: 2 });
    expect(run('activation', '--fast')).toMatchObject({ status: 2 });
  },
  patienceMs,
);

test(
  '--help names every bench',
  () => {
    const { status, out } = run('--help');
    expect(status).toBe(0);
    expect(out).toMatch(/activation +\w/);
  },
  patienceMs,
);

const rows = [
  { name: 'a-long-name', n: 200, unit: 'ms', p50: 12.3456, p99: 100, floor: 3, ratio: 4.11519 },
  { name: 'b', n: 3, unit: '1/s', p50: 1, p99: 1, floor: null, ratio: null },
];

test('a JSON line has every column, absent ones as null', () => {
  expect(
    asJsonLines(rows)
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { name: 'a-long-name', n: 200, unit: 'ms', p50: 12.35, p99: 100, floor: 3, ratio: 4.115 },
    { name: 'b', n: 3, unit: '1/s', p50: 1, p99: 1, floor: null, ratio: null },
  ]);
});

test('a table lines its columns up', () => {
  expect(asTable(rows).split('\n')).toEqual([
    'name           n  unit    p50  p99  floor  ratio',
    'a-long-name  200  ms    12.35  100      3  4.115',
    'b              3  1/s       1    1      -      -',
  ]);
});

test('quantile() takes the nearest rank', () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 0.5, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 3, 5, 5]);
  expect(() => quantile([], 0.5)).toThrow('of nothing');
});
