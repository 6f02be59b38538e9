import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('canonicalJson() sorts keys by UTF-16 code units and leaves undefined members out', () => {
  expect(canonicalJson({ b: 1, a: { d: undefined, c: [true, null, 'ü'] }, '€': 2 })).toBe(
    '{"a":{"c":[true,null,"ü"]},"b":1,"€":2}',
  );
});

test('canonicalJson() writes -0 as 0 and numbers as RFC 8785 does', () => {
  expect(canonicalJson([-0, 1e21, 0.1, 5e-324, 0.000001])).toBe('[0,1e+21,0.1,5e-324,0.000001]');
});

test('canonicalJson() keeps keys that engines treat as special, and texts that look like escapes', () => {
  const special = JSON.parse('{"b":{"10":1,"9":2,"a":3},"__proto__":{"x":1},"toJSON":"y"}') as unknown;
  expect(canonicalJson(special)).toBe('{"__proto__":{"x":1},"b":{"10":1,"9":2,"a":3},"toJSON":"y"}');
  expect(canonicalJson({ path: String.raw`C:\ud800`, z: '😀' })).toBe(String.raw`{"path":"C:\\ud800","z":"😀"}`);
});

test.each([
  ['NaN', Number.NaN],
  ['Infinity', { a: [Number.POSITIVE_INFINITY] }],
  ['a lone surrogate', 'x\ud800'],
  ['a lone surrogate in a key', { '\udc00': 1 }],
  ['BigInt', 1n],
  ['a Date', new Date(0)],
  ['a Map', new Map()],
  ['undefined alone', undefined],
  ['undefined in a list', [undefined]],
  ['a function', { toJSON: () => 1 }],
])('canonicalJson() refuses %s', (_, value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError);
});

test('canonicalJson() equals the canonicalize library on any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const theirs = canonicalize(value);
      expect(canonicalJson(value)).toBe(theirs);
    }),
  );
});

test('canonicalJson() is the same for every order of keys', () => {
  const shuffled = fc
    .dictionary(fc.string(), fc.jsonValue())
    .chain((object) =>
      fc.tuple(
        fc.constant(object),
        fc.shuffledSubarray(Object.entries(object), { minLength: Object.keys(object).length }),
      ),
    );
  fc.assert(
    fc.property(shuffled, ([object, entries]) => {
      expect(canonicalJson(Object.fromEntries(entries))).toBe(canonicalJson(object));
    }),
  );
});
