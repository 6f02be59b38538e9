import fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentKey, keyOfSortKey, scanBounds, sortKey } from './arango-key.ts';

const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', 'b', 'z', '0', '9', '-', '.', '/', ':', ' ', '~', '\x00', 'é', '\u{1f600}') }),
);
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

test('sortKey() holds digits only, and can be read back', () => {
  fc.assert(
    fc.property(key, (text) => {
      expect(sortKey(text)).toMatch(/^\d*$/);
      expect(keyOfSortKey(sortKey(text))).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test('sortKey() keeps the order of bytes, in any language', () => {
  const collators = ['en-US', 'da', 'cs', 'sv', 'hu'].map((language) => new Intl.Collator(language));
  fc.assert(
    fc.property(key, key, (a, b) => {
      const expected = Math.sign(byBytes(a, b));
      expect(byText(sortKey(a), sortKey(b))).toBe(expected);
      for (const collator of collators) expect(Math.sign(collator.compare(sortKey(a), sortKey(b)))).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test('scanBounds() takes in exactly the keys with the prefix beyond `after`', () => {
  fc.assert(
    fc.property(
      key,
      key,
      fc.option(key, { nil: undefined }),
      fc.boolean(),
      key,
      (prefix, rest, after, reverse, other) => {
        const { from, end } = scanBounds({ prefix, reverse, ...(after === undefined ? {} : { after }) });
        for (const candidate of [prefix, prefix + rest, other, after ?? '']) {
          const beyond =
            after === undefined || (reverse ? byBytes(candidate, after) < 0 : byBytes(candidate, after) > 0);
          const inside = from <= sortKey(candidate) && sortKey(candidate) < end;
          expect(inside).toBe(candidate.startsWith(prefix) && beyond);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

test('documentKey() is a key that ArangoDB takes, however long ours is', () => {
  expect(documentKey('default/shop/sha256:00')).toMatch(/^[0-9a-f]{64}$/);
  expect(documentKey('a/'.repeat(1_000))).toMatch(/^[0-9a-f]{64}$/);
  expect(documentKey('a')).not.toBe(documentKey('b'));
});

test('a key with half a character is refused, so that no two keys meet in one document', () => {
  expect(() => documentKey('a\ud800')).toThrow('half a character');
  expect(() => sortKey('a\ud800')).toThrow('half a character');
  expect(() => keyOfSortKey('9')).toThrow('not one of ours');
});
