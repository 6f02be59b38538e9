import { expect, test } from 'vitest';
import { quote, quoteList } from './quote.ts';

test('quote() leaves nothing that a terminal would act on', () => {
  expect(quote('a"b\n\u001b[31m\u009b\u202ex')).toBe('"a\\"b\\n\\u001b[31m\\u009b\\u202ex"');
});

test('quote() cuts what is long', () => {
  expect(quote('x'.repeat(200))).toBe(`"${'x'.repeat(80)}…"`);
});

test('quoteList() reads as a sentence', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(quoteList)).toEqual(['', '"a"', '"a" or "b"', '"a", "b" or "c"']);
});
