import { type LineageCase, lineageCases } from '@microstax/testkit/lineage-cases';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Decision } from './decide.ts';
import { decideText, emptyGraph, findingIn, revisionOfText, viewOf } from './testing/decide-text.ts';

function decide({ mode, parent, value, ...known }: LineageCase): Decision {
  const text = stringify({
    name: 'feat',
    routing: { mode, ...(parent && { baselineId: parent }), ...(value && { overlayId: value }) },
    services: { web: { run: { command: ['node'] } } },
  });
  const { self = null, parentView = null, valueHolder = null } = known;
  return decideText(text, { env: 'feat', graph: { ...emptyGraph, self, parent: parentView, valueHolder } });
}

test.each(lineageCases.filter(({ code }) => code !== null))('intake refuses $title as $code, early', (one) => {
  const decision = decide(one);
  if (decision.kind === 'needs parent') {
    expect(one.code).toBe('unknown-parent');
    return;
  }
  expect(decision.kind).toBe('rejected');
  const finding = decision.findings.find(({ code }) => code === one.code);
  expect(finding, JSON.stringify(decision.findings)).toBeDefined();
  expect(finding?.position).toEqual({ line: expect.any(Number), column: expect.any(Number) });
});

test.each(lineageCases.filter(({ code }) => code === null))('intake has nothing against $title', (one) => {
  expect(decide(one).findings).toEqual([]);
});

const renaming = (more: string) =>
  `name: feat\nrouting: { mode: overlay, baselineId: shop }\nservices: { cash: { run: { command: x }, formerNames: [pay] }${more} }\n`;
const shop = viewOf('shop', ['pay', 'web']);
const graph = { ...emptyGraph, parent: shop, identities: { cash: 'svc-pay' } };

test('an overlay renames what it inherits where it takes the old name away', () => {
  const text = renaming(', pay: { remove: true }');
  expect(revisionOfText(text, { env: 'feat', graph }).services).toMatchObject([
    { kind: 'run', name: 'cash', identity: 'svc-pay', formerNames: ['pay'] },
    { kind: 'remove', name: 'pay' },
  ]);
});

test('an overlay that renames what it goes on inheriting is refused with what to add', () => {
  const decision = decideText(renaming(''), { env: 'feat', graph });
  expect(findingIn(decision, 'former-name-inherited')).toMatchObject({
    subject: 'services.cash.formerNames.0',
    position: { line: 3, column: 56 },
    next: 'take the old name away: { name: pay, remove: true }',
  });
});
