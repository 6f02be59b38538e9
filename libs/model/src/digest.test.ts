import { expect, test } from 'vitest';
import { sealArtifact } from './artifact.ts';
import { digestOf, digestOfBytes, isDigest, shortDigest } from './digest.ts';
import { serviceIdentity } from './service-identity.ts';

test('digestOf() is SHA-256 of the kind, a version and the canonical bytes', () => {
  expect(digestOf('revision', { b: 1, a: 2 })).toBe(digestOfBytes('revision', '{"a":2,"b":1}'));
  expect(isDigest(digestOf('plan', null))).toBe(true);
});

test('digestOf() never lets a digest of one kind pass for another', () => {
  expect(digestOf('plan', {})).not.toBe(digestOf('revision', {}));
});

test('sealArtifact() keeps the bytes that its digest was made of', () => {
  const sealed = sealArtifact('facts', { z: 1, a: [2] });
  expect(sealed.bytes).toBe('{"a":[2],"z":1}');
  expect(sealed.digest).toBe(digestOfBytes('facts', sealed.bytes));
  expect(shortDigest(sealed.digest)).toHaveLength(12);
});

test('serviceIdentity() depends on organisation, project, first name and ordinal alone', () => {
  const identity = { org: 'default', project: 'shop', firstName: 'web', ordinal: 1 };
  expect(serviceIdentity(identity)).toMatch(/^svc-[0-9a-f]{20}$/);
  expect(serviceIdentity({ ...identity })).toBe(serviceIdentity(identity));
  expect(serviceIdentity({ ...identity, ordinal: 2 })).not.toBe(serviceIdentity(identity));
});
