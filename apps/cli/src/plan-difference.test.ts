import type { Plan } from '@microstax/model/plan';
import { expect, test } from 'vitest';
import { planDifference } from './plan-difference.ts';

const placed = (service: string, kind: string, specDigest = 'sha256:1', env?: string) => ({
  service,
  identity: `svc-${service}`,
  kind,
  specDigest,
  ...(env ? { provider: { env, service, specDigest } } : {}),
});
const plan = (...placements: unknown[]): Plan => ({ placements }) as unknown as Plan;

test('planDifference() of a plan with itself changes nothing', () => {
  const one = plan(placed('web', 'local'), placed('cart', 'inherited', 'sha256:1', 'shop'));
  expect(planDifference(one, one).map(({ change }) => change)).toEqual(['unchanged', 'unchanged']);
});

test('planDifference() names what is added, removed, changed and placed anew, sorted', () => {
  const before = plan(placed('web', 'local'), placed('cart', 'inherited', 'sha256:1', 'shop'), placed('old', 'local'));
  const after = plan(placed('new', 'local'), placed('web', 'local', 'sha256:2'), placed('cart', 'local'));
  expect(planDifference(before, after)).toEqual([
    { service: 'cart', change: 'placed anew', before: 'inherited from shop', after: 'local' },
    { service: 'new', change: 'added', before: null, after: 'local' },
    { service: 'old', change: 'removed', before: 'local', after: null },
    { service: 'web', change: 'changed', before: 'local', after: 'local' },
  ]);
});

test('planDifference() against nothing adds everything', () => {
  expect(planDifference(null, plan(placed('web', 'local')))).toEqual([
    { service: 'web', change: 'added', before: null, after: 'local' },
  ]);
});

test('planDifference() shows a service that goes on under another name once, as renamed', () => {
  const before = plan(placed('pay', 'inherited', 'sha256:1', 'shop'), placed('web', 'local'));
  const cash = { ...placed('cash', 'local', 'sha256:2'), identity: 'svc-pay' };
  const taken = { ...placed('pay', 'denied'), code: 'removed' };
  const renamed = { service: 'cash', change: 'renamed', before: 'pay: inherited from shop', after: 'local' };
  for (const after of [plan(cash, taken, placed('web', 'local')), plan(cash, placed('web', 'local'))])
    expect(planDifference(before, after)).toEqual([
      renamed,
      { service: 'web', change: 'unchanged', before: 'local', after: 'local' },
    ]);
});
