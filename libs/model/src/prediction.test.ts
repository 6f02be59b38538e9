import { expect, test } from 'vitest';
import { hitRateOf, outcomeOf } from './prediction.ts';

const actual = (...local: readonly string[]) => ({ generation: 2, local, changed: local });

test('outcomeOf() confirms what is right at least by half', () => {
  expect(outcomeOf(['a', 'b'], actual('a', 'b'))).toMatchObject({ hits: 2, wrong: 0, missed: 0, verdict: 'confirmed' });
  expect(outcomeOf(['a', 'b'], actual('a'))).toMatchObject({ hits: 1, wrong: 1, missed: 0, verdict: 'confirmed' });
  expect(outcomeOf(['a', 'b'], actual('a', 'c'))).toMatchObject({ hits: 1, wrong: 1, missed: 1, verdict: 'discarded' });
  expect(outcomeOf([], actual('a'))).toMatchObject({ missed: 1, verdict: 'discarded' });
});

test('hitRateOf() counts services over all predictions, and says nothing of none', () => {
  const outcomes = [outcomeOf(['a', 'b'], actual('a')), outcomeOf(['a'], actual('a', 'c', 'd'))];
  expect(hitRateOf(outcomes)).toEqual({ predictions: 2, confirmed: 1, precisionPercent: 67, recallPercent: 50 });
  expect(hitRateOf([])).toEqual({ predictions: 0, confirmed: 0, precisionPercent: null, recallPercent: null });
});
