import type { Json } from '@microstax/model/canonical-json';
import { compileRouting } from '@microstax/model/routing-artifacts/compile-routing';
import { mirroringFormats, routingFormats, writeRouting } from '@microstax/model/routing-artifacts/routing-artifact';
import { describe, expect, test } from 'vitest';
import { aFamily, headerName } from './family.ts';
import * as reads from './interpret.ts';

/** `feat` runs its own pay, inherits catalog and denies web; `other` runs its own pay too. */
const [shop, feat, other] = aFamily({
  unknown: 'baseline',
  environments: [
    { env: 'shop', parent: null, value: 'shop', does: { catalog: 'runs', pay: 'runs', web: 'runs' } },
    { env: 'feat', parent: 'shop', value: 'feat.1', does: { catalog: 'inherits', pay: 'runs', web: 'denies' } },
    { env: 'other', parent: 'shop', value: 'other', does: { catalog: 'inherits', pay: 'runs', web: 'inherits' } },
  ],
});
if (shop === undefined || feat === undefined || other === undefined) throw new Error('a family has its environments');
const family = { listener: shop, others: [feat, other], mirror: 'feat' };
const header = headerName.toLowerCase();

describe.each(['gateway', 'envoy'] as const)('a mirror written as %s', (format) => {
  const text = JSON.parse(writeRouting(format, compileRouting(format, family))) as Json;
  const copyOf = (service: string, headers: reads.Headers) =>
    format === 'envoy'
      ? reads.envoyCopy(text, `shop.${service}.http`, headers)
      : reads.gatewayCopy(text, `${service}-http`, headers);

  test.each([
    ['without a context', {}, 'pay in feat'],
    ["with the environment's own value", { [header]: 'shop' }, 'pay in feat'],
    ['with an unknown value, which is answered as if there were none', { [header]: 'nobody' }, 'pay in feat'],
    ['that goes to the mirror anyway', { [header]: 'feat.1' }, undefined],
    ["with another environment's value", { [header]: 'other' }, undefined],
  ])('copies a request %s as it should', (_, headers, copy) => {
    expect(copyOf('pay', headers)).toBe(copy);
  });

  test('copies nothing to whoever answers already, or denies', () => {
    expect(copyOf('catalog', {})).toBeUndefined();
    expect(copyOf('web', {})).toBeUndefined();
  });
});

test('an unknown value that is denied is not copied', () => {
  const [strict, mirror] = aFamily({
    unknown: 'deny',
    environments: [
      { env: 'shop', parent: null, value: 'shop', does: { pay: 'runs' } },
      { env: 'feat', parent: 'shop', value: 'feat', does: { pay: 'runs' } },
    ],
  });
  if (strict === undefined || mirror === undefined) throw new Error('a family has its environments');
  const compiled = compileRouting('gateway', { listener: strict, others: [mirror], mirror: 'feat' });
  const text = JSON.parse(writeRouting('gateway', compiled)) as Json;
  expect(reads.gatewayCopy(text, 'pay-http', { [header]: 'nobody' })).toBeUndefined();
  expect(reads.gatewayCopy(text, 'pay-http', {})).toBe('pay in feat');
});

test('a mirror changes only the artifacts of services that are copied, in formats that can', () => {
  for (const format of routingFormats) {
    const plain = compileRouting(format, { listener: shop, others: [feat, other] });
    const changed = compileRouting(format, family).filter(({ digest }, at) => plain[at]?.digest !== digest);
    const services = changed.map(({ service }) => service);
    expect(services, format).toEqual(mirroringFormats.includes(format) ? ['pay'] : []);
  }
});

test.each(mirroringFormats)('a mirror as %s is written as in its golden file', async (format) => {
  await expect(writeRouting(format, compileRouting(format, family))).toMatchFileSnapshot(
    `golden/${format}-mirror.json.txt`,
  );
});
