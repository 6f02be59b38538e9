import fc from 'fast-check';
import { expect, test } from 'vitest';
import { namespaceNames, objectName } from './object-name.ts';

const text = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[a-z0-9-]{1,70}$/),
  fc.stringMatching(/^[a-z]{1,3}(?:-x[0-9a-f]{10})?$/),
);

test('objectName() is accepted by every kind of object', () => {
  fc.assert(
    fc.property(text, fc.constantFrom(63, 47), (any, charsMax) => {
      const name = objectName(any, charsMax);
      expect(name).toMatch(/^[a-z](?:[a-z0-9-]*[a-z0-9])?$/);
      expect(name.length).toBeLessThanOrEqual(charsMax);
    }),
  );
});

test('objectName() never gives two texts one name', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      fc.pre(one !== other);
      expect(objectName(one)).not.toBe(objectName(other));
    }),
  );
  expect(objectName(objectName('A'))).not.toBe(objectName('A'));
});

test('objectName() leaves what can stand as it is', () => {
  expect(objectName('checkout-0123456789ab-12')).toBe('checkout-0123456789ab-12');
  expect(objectName('9lives')).toMatch(/^lives-x[0-9a-f]{10}$/);
});

test('namespaceNames() begins with the environment, where nobody else is called so', () => {
  const [own, other] = namespaceNames('default', 'shop', 3);
  expect(own).toBe('shop');
  expect(other).not.toBe(namespaceNames('default', 'shop', 4)[1]);
  expect(namespaceNames('default', 'kube-system', 1)).toHaveLength(1);
});
