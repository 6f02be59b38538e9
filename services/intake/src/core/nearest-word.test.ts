import { expect, test } from 'vitest';
import { editDistance, nearestWord } from './nearest-word.ts';

test('editDistance() counts insertions, deletions, replacements and swaps', () => {
  expect(editDistance('cart', 'cart')).toBe(0);
  expect(editDistance('crat', 'cart')).toBe(1);
  expect(editDistance('replica', 'replicas')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('kitten', 'sitting')).toBe(3);
});

test('nearestWord() finds the meant word, whatever the case, and none where all are far', () => {
  const known = ['ports', 'protocol', 'env', 'dependsOn'];
  expect(nearestWord('port', known)).toBe('ports');
  expect(nearestWord('dependson', known)).toBe('dependsOn');
  expect(nearestWord('hunter2', known)).toBeUndefined();
  expect(nearestWord('x'.repeat(1_000_000), known)).toBeUndefined();
});

test('nearestWord() answers the same for words in another order', () => {
  expect(nearestWord('ab', ['ac', 'aa'])).toBe('aa');
  expect(nearestWord('ab', ['aa', 'ac'])).toBe('aa');
});
