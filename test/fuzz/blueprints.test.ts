import { expect, test, vi } from 'vitest';
import { judge } from './judge.ts';
import { mutant, originals } from './mutant.ts';

vi.setConfig({ testTimeout: 120_000 }); // thousands of texts, on a machine that is shared

test('every original is accepted', () => {
  for (const original of originals) expect(judge(original).kind).toBe('accepted');
});

test('no mutated Blueprint makes intake throw, and every finding has a place in the text', () => {
  const kinds = new Set<string>();
  for (let index = 0; index < 2_000; index++) {
    const one = mutant(20_261_124, index);
    try {
      kinds.add(judge(one).kind);
    } catch (error) {
      throw new Error(`seed 20261124, --show ${index}:\n${one.text}`, { cause: error });
    }
  }
  expect([...kinds]).toEqual(expect.arrayContaining(['accepted', 'rejected']));
});
