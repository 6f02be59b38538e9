import { expect, test } from 'vitest';
import { DocumentCache } from './document-cache.ts';

const at = (key: string) => ({ collection: 'environments', key }) as const;

test('get() tells a document, one that is known not to be, and one that is not known apart', () => {
  const cache = new DocumentCache(10_000);
  cache.set(at('a'), 3, '{"n":1}');
  cache.set(at('b'), 0, null);
  expect(cache.get(at('a'))).toMatchObject({ version: 3, body: { n: 1 } });
  expect(cache.get(at('b'))).toMatchObject({ version: 0, body: undefined });
  expect(cache.get(at('c'))).toBeUndefined();
});

test('set() replaces, and the least recently used go where the room ends', () => {
  const cache = new DocumentCache(1_000);
  for (const key of ['a', 'b', 'c']) cache.set(at(key), 1, JSON.stringify('x'.repeat(100)));
  cache.get(at('a'));
  cache.set(at('c'), 2, '"y"');
  cache.set(at('d'), 1, JSON.stringify('x'.repeat(200)));
  expect(cache.get(at('b'))).toBeUndefined();
  expect(['a', 'c', 'd'].map((key) => cache.get(at(key))?.version)).toEqual([1, 2, 1]);
  expect(cache.get(at('c'))?.body).toBe('y');
});

test('a document that is larger than all the room is given and not kept', () => {
  const cache = new DocumentCache(300);
  expect(cache.set(at('a'), 1, JSON.stringify('x'.repeat(400))).body).toHaveLength(400);
  expect(cache.get(at('a'))).toBeUndefined();
});
