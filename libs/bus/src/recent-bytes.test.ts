import { sealArtifact } from '@microstax/model/artifact';
import { expect, test } from 'vitest';
import { RecentBytes } from './recent-bytes.ts';

const artifact = (text: string) => sealArtifact('plan', text);

test('RecentBytes knows what was set, and forgets what was used least lately when there is no more room', () => {
  const [first, second, third] = ['aaaa', 'bbbb', 'cccc'].map(artifact);
  if (first === undefined || second === undefined || third === undefined) throw new Error('three artifacts are made');
  const recent = new RecentBytes(first.bytes.length * 2);
  recent.set(first.digest, first.bytes);
  recent.set(second.digest, second.bytes);
  expect(recent.get(first.digest)).toBe(first.bytes);

  recent.set(third.digest, third.bytes);

  expect([first, second, third].map(({ digest }) => recent.get(digest))).toEqual([first.bytes, undefined, third.bytes]);
});

test('RecentBytes does not keep what alone is more than it may hold, and counts nothing twice', () => {
  const [small, large] = [artifact('a'), artifact('a'.repeat(100))];
  const recent = new RecentBytes(small.bytes.length * 2);
  recent.set(small.digest, small.bytes);
  recent.set(large.digest, large.bytes);
  for (let times = 0; times < 5; times++) recent.set(small.digest, small.bytes);

  expect(recent.get(large.digest)).toBeUndefined();
  expect(recent.get(small.digest)).toBe(small.bytes);
});
