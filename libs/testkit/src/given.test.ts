import { describe, expect, test } from 'vitest';
import { given } from './given.ts';

describe('given()', () => {
  const half = (count: number): { kind: string; count: number } => {
    if (count % 2 === 1) throw new Error(`Cannot halve ${count}`);
    return { kind: 'halved', count: count / 2 };
  };

  test('then() passes on an equal decision and fails on another', () => {
    given(4).when(half).then({ kind: 'halved', count: 2 });
    expect(() => given(4).when(half).then({ kind: 'halved', count: 3 })).toThrow();
    given(() => 4)
      .when(half)
      .thenMatches({ count: 2 });
    expect(() => given(4).when(half).thenMatches({ count: 3 })).toThrow();
  });

  test('thenThrows() wants an error, and the others hand it on', () => {
    given(3).when(half).thenThrows('Cannot halve 3');
    expect(() => given(4).when(half).thenThrows('Cannot')).toThrow();
    expect(() => given(3).when(half).then({ kind: 'halved', count: 1 })).toThrow('Cannot halve 3');
  });
});
