import { sealArtifact } from '@microstax/model/artifact';
import { must } from '@microstax/model/must';
import { expect, test } from 'vitest';
import { OpenedArtifacts } from './opened-artifacts.ts';

test('OpenedArtifacts forgets the least recently used where its room ends', () => {
  const opened = new OpenedArtifacts();
  const artifacts = ['a', 'b', 'c', 'd', 'e'].map((letter) => sealArtifact('plan', letter.repeat(10 * 1024 * 1024)));
  const find = (index: number) => {
    const { kind, digest, bytes } = must(artifacts[index], 'one of them');
    return opened.find(kind, digest, bytes);
  };
  for (const artifact of artifacts.slice(0, 3)) opened.keep(artifact);
  find(0);
  for (const artifact of artifacts.slice(3)) opened.keep(artifact);
  expect([0, 1, 2, 3, 4].map((index) => find(index) !== undefined)).toEqual([true, false, false, true, true]);
});
