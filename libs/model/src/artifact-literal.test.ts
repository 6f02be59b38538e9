import { expect, test } from 'vitest';
import { sealArtifact } from './artifact.ts';
import { artifactLiteral } from './artifact-literal.ts';

test('artifactLiteral() is what JSON makes of the bytes, the first time and later', () => {
  const artifact = sealArtifact('plan', { text: 'a "quoted" \\ back\nslash, ü and \u2028', list: [1, { a: null }] });
  const wanted = JSON.stringify(artifact.bytes);
  expect([artifactLiteral(artifact), artifactLiteral(artifact)]).toEqual([wanted, wanted]);
});

test('artifactLiteral() does not take a digest for bytes that it does not stand for', () => {
  const { digest } = sealArtifact('plan', 'one');
  expect(artifactLiteral({ digest, bytes: '"one"' })).toBe('"\\"one\\""');
  expect(artifactLiteral({ digest, bytes: '"two"' })).toBe('"\\"two\\""');
});

test('artifactLiteral() writes what is too large to be remembered, and forgets the oldest of many', () => {
  const large = sealArtifact('plan', 'x'.repeat(2 * 1024 * 1024));
  expect(artifactLiteral(large)).toBe(JSON.stringify(large.bytes));
  const many = Array.from({ length: 40 }, (_, index) => sealArtifact('plan', String(index).padEnd(900_000, 'y')));
  for (const artifact of many) expect(artifactLiteral(artifact)).toHaveLength(artifact.bytes.length + 4);
  const [first] = many;
  expect(first && artifactLiteral(first)).toBe(first && JSON.stringify(first.bytes));
});
