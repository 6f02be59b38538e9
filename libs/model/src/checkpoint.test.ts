import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { auditOrigin, openCheckpoint, readCheckpoint, signCheckpoint, verifierKey } from './checkpoint.ts';
import { hexOf, leafHashOf } from './merkle.ts';

function newKey(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
}
const key = newKey();
const checkpoint = { origin: auditOrigin('default'), size: 7, root: leafHashOf('root') };
const note = signCheckpoint(checkpoint, key.privatePem);

test('a signed checkpoint is a note of origin, size, root, an empty line and the signature', () => {
  expect(note).toMatch(/^microstax\/default\n7\n[A-Za-z0-9+/]{43}=\n\n— microstax\/default [A-Za-z0-9+/]{91}=\n$/);
  expect(openCheckpoint(note, key.publicPem)).toEqual(checkpoint);
  expect(readCheckpoint(note)).toEqual(checkpoint);
});

test('openCheckpoint() takes a note that others signed as well', () => {
  const [, signature] = signCheckpoint(checkpoint, newKey().privatePem).split('\n\n');
  expect(openCheckpoint(note.replace('\n\n', `\n\n${signature}`), key.publicPem)).toEqual(checkpoint);
});

test.each([
  ['another key', note, newKey().publicPem],
  ['another size', note.replace('\n7\n', '\n8\n'), key.publicPem],
  ['another origin', note.replaceAll('default', 'other'), key.publicPem],
  ['a size with a leading zero', note.replace('\n7\n', '\n07\n'), key.publicPem],
  ['no signature', note.slice(0, note.indexOf('—')), key.publicPem],
  ['a line more', note.replace('\n\n', '\nmore\n\n'), key.publicPem],
  ['nothing at all', '', key.publicPem],
])('openCheckpoint() refuses %s', (_, forged, publicPem) => {
  expect(openCheckpoint(forged, publicPem)).toBeUndefined();
});

test('openCheckpoint() refuses a note with any byte of its root or signature changed', () => {
  const root = Buffer.from(checkpoint.root);
  for (let at = 0; at < root.length; at++) {
    const other = { ...checkpoint, root: new Uint8Array(root).with(at, (root[at] ?? 0) ^ 1) };
    const body = signCheckpoint(other, key.privatePem).split('\n\n')[0];
    expect(openCheckpoint(`${body}\n\n${note.split('\n\n')[1]}`, key.publicPem), hexOf(other.root)).toBeUndefined();
  }
});

test('verifierKey() has name, key id and key', () => {
  expect(verifierKey('microstax/default', key.publicPem)).toMatch(
    /^microstax\/default\+[0-9a-f]{8}\+AQ?[A-Za-z0-9+/]{43}=*$/,
  );
});
