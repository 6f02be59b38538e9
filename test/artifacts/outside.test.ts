import { compileRouting } from '@microstax/model/routing-artifacts/compile-routing';
import { writeRouting } from '@microstax/model/routing-artifacts/routing-artifact';
import { expect, test } from 'vitest';
import { aFamily } from './family.ts';

const [shop, feat] = aFamily({
  unknown: 'baseline',
  environments: [
    { env: 'shop', parent: null, value: 'shop', does: { bank: 'maps to a number', mail: 'maps', tax: 'pools' } },
    { env: 'feat', parent: 'shop', value: 'feat', does: { bank: 'runs', mail: 'inherits', tax: 'inherits' } },
  ],
});
if (shop === undefined || feat === undefined) throw new Error('a family has its environments');

const formats = ['kubernetes', 'nginx', 'haproxy', 'coredns', 'registry', 'router'] as const; // the other three would fill pages

test('addresses outside and pools are written as in the golden file', async () => {
  const parts = formats.map((format) => {
    const artifacts = compileRouting(format, { listener: shop, others: [feat] });
    return `== ${format}\n${writeRouting(format, artifacts)}`;
  });
  await expect(parts.join('\n')).toMatchFileSnapshot('golden/outside.txt');
});
