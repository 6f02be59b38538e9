import { expect, test } from 'vitest';
import { checkLineage, type EnvironmentView, type LineageClaim, type LineageKnown } from './lineage-check.ts';

const shop: EnvironmentView = {
  env: 'shop',
  mode: 'baseline',
  project: 'shop',
  deleted: false,
  ancestors: [],
  root: 'shop',
  value: 'shop',
  headerName: 'x-msx-env',
  services: [],
};
const team: EnvironmentView = { ...shop, env: 'team', mode: 'overlay', ancestors: ['shop'], value: 'team' };
const claim: LineageClaim = { env: 'feat', mode: 'overlay', parent: 'shop', value: 'feat' };
const known: LineageKnown = { self: null, parent: shop, valueHolder: null };
const codes = (change: Partial<LineageClaim>, about: Partial<LineageKnown> = {}): string[] =>
  checkLineage({ ...claim, ...change }, { ...known, ...about }).map(({ code }) => code);

test('checkLineage() finds nothing wrong with an overlay of a baseline, and with its second revision', () => {
  expect(codes({})).toEqual([]);
  expect(codes({}, { self: { ...team, env: 'feat' }, valueHolder: 'feat' })).toEqual([]);
});

test.each<[string, Partial<LineageClaim>, Partial<LineageKnown>]>([
  ['missing-parent', { parent: null }, { parent: null }],
  ['unknown-parent', {}, { parent: null }],
  ['deleted-parent', {}, { parent: { ...shop, deleted: true } }],
  ['isolated-parent', {}, { parent: { ...shop, mode: 'isolated' } }],
  ['parent-not-allowed', { mode: 'baseline' }, {}],
  [
    'lineage-cycle',
    { parent: 'feat' },
    { parent: { ...team, env: 'feat' }, self: { ...team, env: 'feat', ancestors: ['feat'] } },
  ],
  ['lineage-cycle', { env: 'shop', parent: 'team' }, { parent: team }],
  ['lineage-too-deep', {}, { parent: { ...team, ancestors: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'shop'] } }],
  ['mode-changed', { mode: 'baseline', parent: null }, { parent: null, self: { ...team, env: 'feat' } }],
  ['parent-changed', { parent: 'team' }, { parent: team, self: { ...team, env: 'feat' } }],
  ['context-value-taken', {}, { valueHolder: 'other' }],
])('checkLineage() says %s', (code, change, about) => {
  expect(codes(change, about)).toContain(code);
});

test('checkLineage() collects every finding', () => {
  expect(codes({ parent: 'feat' }, { parent: { ...team, env: 'feat', deleted: true }, valueHolder: 'other' })).toEqual([
    'deleted-parent',
    'lineage-cycle',
    'context-value-taken',
  ]);
});

test('checkLineage() lets a deleted name be used again in any mode', () => {
  expect(
    codes({ mode: 'baseline', parent: null }, { parent: null, self: { ...team, env: 'feat', deleted: true } }),
  ).toEqual([]);
});

test('checkLineage() names the cycle', () => {
  const [finding] = checkLineage(
    { env: 'shop', mode: 'overlay', parent: 'team', value: 'x' },
    { self: null, parent: team, valueHolder: null },
  );
  expect(finding?.reason).toBe('the lineage would be a cycle: shop → team → shop');
});
