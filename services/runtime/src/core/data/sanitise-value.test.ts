import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sanitiseValue, type ValueKind, whyNot } from './sanitise-value.ts';

const keyed = (text: string) => createHash('sha256').update(`key ${text}`).digest('hex');
const as = (how: Parameters<typeof sanitiseValue>[0], value: string, kind: ValueKind = 'text', charsMax?: number) =>
  sanitiseValue(how, value, { kind, ...(charsMax === undefined ? {} : { charsMax }) }, keyed);

test('sanitiseValue() masks letters and digits behind the first, and shows length and punctuation', () => {
  expect(as('mask', 'Grace Hopper')).toBe('G**** ******');
  expect(as('mask', 'ada@example.com')).toBe('a**@*******.***');
  expect(as('mask', 'Žofie')).toBe('Ž****');
  expect(as('mask', '')).toBe('');
});

test('sanitiseValue() fakes what a value looks like', () => {
  expect(as('fake', 'ada@example.com')).toMatch(/^user-[0-9a-f]{10}@example\.com$/);
  expect(as('fake', '+49 30 1234567')).toMatch(/^\+1555\d{7}$/);
  expect(as('fake', 'Ada Lovelace')).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+ [0-9a-f]{10}$/);
});

test('sanitiseValue() keeps to what a column can hold', () => {
  expect(as('redact', 'secret')).toBe('[redacted]');
  expect(as('redact', 'secret', 'text', 4)).toBe('[red');
  expect(as('fake', 'ada@example.com', 'text', 6)).toHaveLength(6);
  expect(as('hash', 'x', 'uuid')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  for (const [kind, most] of [
    ['smallint', 2 ** 15],
    ['integer', 2 ** 31],
    ['bigint', 2 ** 53],
  ] as const) {
    const number = Number(as('hash', '7', kind));
    expect(Number.isSafeInteger(number) && number >= 0 && number < most, kind).toBe(true);
  }
});

test('sanitiseValue() keeps, and makes nothing', () => {
  expect(as('keep', 'x')).toBe('x');
  expect(as('nullify', 'x')).toBeNull();
});

test('equal values stay equal and different ones different, wherever they stand', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.constantFrom('hash' as const, 'fake' as const), (a, b, how) => {
      expect(as(how, a)).toBe(as(how, a));
      if (a !== b) expect(as(how, a)).not.toBe(as(how, b));
    }),
  );
});

test('whyNot() says what cannot be done to values of a type', () => {
  expect(whyNot('nullify', { kind: 'text' }, true)).toContain('may not be null');
  expect(whyNot('nullify', { kind: 'other' }, false)).toBeUndefined();
  expect(whyNot('mask', { kind: 'integer' }, true)).toContain('values of type integer can be hashed');
  expect(whyNot('hash', { kind: 'other' }, false)).toContain('only be kept or nullified');
  expect(whyNot('keep', { kind: 'other' }, true)).toBeUndefined();
});
