import { describe, expect, test } from 'vitest';
import { seededRandom } from './random.ts';

describe('seededRandom()', () => {
  test('repeats with its seed and differs with another', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed).next);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('is the published generator', () => {
    expect(Math.floor(seededRandom(1).next() * 2 ** 32)).toBe(2_693_262_067);
  });

  test('integer() reaches both bounds and nothing beyond', () => {
    const random = seededRandom(3);
    expect(new Set(Array.from({ length: 200 }, () => random.integer(2, 4)))).toEqual(new Set([2, 3, 4]));
  });

  test('shuffle() keeps every item and pick() takes one of them', () => {
    const random = seededRandom(4);
    const items = Array.from({ length: 20 }, (_, index) => index);
    const shuffled = random.shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
    expect(items).toContain(random.pick(items));
    expect(() => random.pick([])).toThrow('Cannot pick from nothing');
  });
});
