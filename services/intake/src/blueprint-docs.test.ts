import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultLimits } from './core/limits.ts';
import { decideText, emptyGraph, viewOf } from './core/testing/decide-text.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const page = read('docs/blueprint.md');

test('docs/blueprint.md names every limit', () => {
  expect(Object.keys(defaultLimits).filter((limit) => !page.includes(`\`${limit}\``))).toEqual([]);
});

test('the Blueprint that docs/blueprint.md begins with is accepted', () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const parent = viewOf('shop', ['checkout', 'payments']);
  expect(decideText(yaml, { env: 'feat-checkout', graph: { ...emptyGraph, parent } })).toMatchObject({
    kind: 'accepted',
    findings: [],
  });
});

const storefront = ['web', 'catalog', 'pricing', 'cart', 'store', 'checkout', 'payments', 'shipping'];
const examples: readonly (readonly [string, string, ReturnType<typeof viewOf> | null])[] = [
  ['storefront/baseline.yaml', 'shop', null],
  ['storefront/overlay-payments.yaml', 'feat-payments', viewOf('shop', storefront)],
  ['storefront/team-checkout.yaml', 'team-checkout', viewOf('shop', storefront)],
  [
    'storefront/feature-express.yaml',
    'feat-express',
    viewOf('team-checkout', storefront, { mode: 'overlay', ancestors: ['shop'] }),
  ],
  ['hotrod/baseline.yaml', 'hotrod', null],
  ['hotrod/overlay-customer.yaml', 'feat-customer', viewOf('hotrod', ['frontend', 'customer', 'driver', 'route'])],
];
for (const [file, env, parent] of examples)
  test(`examples/${file} is accepted without a warning`, () => {
    const decision = decideText(read(`examples/${file}`), { env, graph: { ...emptyGraph, parent } });
    expect(decision).toMatchObject({ kind: 'accepted', findings: [] });
  });
