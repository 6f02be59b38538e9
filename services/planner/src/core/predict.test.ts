import type { PastChange } from '@microstax/model/prediction';
import { aService } from '@microstax/testkit/blueprints';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { predictChanges } from './predict.ts';

const services = [
  aService('cart', { run: { command: ['node', 'cart/server.mjs'], cwd: '.' } }),
  aService('pay', { run: null, image: 'docker.io/acme/payments:1.4' }),
  aService('web', { run: { command: ['node', 'main.mjs'], cwd: 'apps/web' } }),
  aService('ledger', { labels: { path: 'libs/money services/ledger' } }),
];
const predict = (changed: readonly string[], history: readonly PastChange[] = []) =>
  predictChanges({ changed, services, history });
const percents = (...args: Parameters<typeof predict>) =>
  Object.fromEntries(predict(...args).services.map(({ service, percent }) => [service, percent]));

test.each([
  ['acme/payments:1.5', { pay: 95 }],
  ['docker.io/acme/payments@sha256:0123', { pay: 95 }],
  ['registry.example/cart:2', { cart: 70 }],
  ['cart/server.mjs', { cart: 95 }],
  ['./cart/price.mjs', { cart: 85 }],
  ['apps/web/page.html', { web: 85 }],
  ['libs/money/round.ts', { ledger: 95 }],
  ['src/pay-service/main.go', { pay: 80 }],
  ['docs/ledger.md', { ledger: 60 }],
  ['README.md', {}],
])('predictChanges() of %s by what the Blueprint says', (word, expected) => {
  expect(percents([word])).toEqual(expected);
});

test('predictChanges() names the words that say nothing', () => {
  expect(predict(['README.md', 'cart/a.mjs', 'LICENSE']).unmatched).toEqual(['LICENSE', 'README.md']);
});

const past: readonly PastChange[] = [
  { words: ['proto/money.proto'], services: ['cart', 'pay'] },
  { words: ['proto/money.proto', 'apps/web/a.html'], services: ['cart', 'web'] },
  { words: ['proto/other.proto'], services: ['ledger'] },
  { words: [], services: ['pay', 'web'] },
];

test('predictChanges() learns from past changes of a file: support of both over support of it and one', () => {
  const [cart] = predict(['proto/money.proto'], past).services;
  expect(cart).toMatchObject({ service: 'cart', percent: 73 });
  expect(cart?.signals[0]).toEqual({
    kind: 'history',
    percent: 66,
    text: '2 of 2 changes of proto/money.proto changed it',
  });
});

test('predictChanges() asks the folder of a file that was never changed, and believes it less', () => {
  const { services: found } = predict(['proto/new.proto'], past);
  expect(found.find(({ service }) => service === 'cart')?.signals[0]).toEqual({
    kind: 'history',
    percent: 40, // 80 % of 2 / (3 + 1)
    text: '2 of 3 changes of proto changed it',
  });
});

test('predictChanges() adds what was changed together with what something speaks for', () => {
  const { services: found } = predict(['apps/web/page.html'], [{ words: [], services: ['pay', 'web'] }]);
  expect(found).toMatchObject([
    { service: 'web', percent: 85 },
    {
      service: 'pay',
      signals: [{ kind: 'together', percent: 42, text: 'changed together with web in 1 of 1 changes' }],
    },
  ]);
});

test('predictChanges() does not depend on the order of anything, and one more hint makes nothing less likely', () => {
  const words = fc.constantFrom(
    'cart/a.mjs',
    'proto/money.proto',
    'proto/x',
    'acme/payments:2',
    'apps/web/b',
    'LICENSE',
  );
  const names = fc.constantFrom('cart', 'pay', 'web', 'ledger');
  const changes = fc.array(
    fc.record({ words: fc.uniqueArray(words, { maxLength: 3 }), services: fc.uniqueArray(names, { maxLength: 3 }) }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fc.uniqueArray(words, { minLength: 1 }), changes, (changed, history) => {
      const one = predictChanges({ changed, services, history });
      const other = predictChanges({
        changed: [...changed].reverse(),
        services: [...services].reverse(),
        history: [...history].reverse(),
      });
      expect(other).toEqual(one);
      const fewer = percents(changed.slice(1), history);
      const more = percents(changed, history);
      for (const [service, percent] of Object.entries(fewer)) expect(more[service]).toBeGreaterThanOrEqual(percent - 1);
      for (const { percent } of one.services) expect(percent > 0 && percent < 100).toBe(true);
    }),
  );
});
