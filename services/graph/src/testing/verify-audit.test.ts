import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { auditOrigin, signCheckpoint } from '@microstax/model/checkpoint';
import { expect, test } from 'vitest';
import { MerkleTree } from '../core/merkle.ts';
import { leafHash } from '../shell/store/sqlite-database.ts';
import { verifyAudit, verifyProgram } from './verify-audit.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const key = publicKey.export({ format: 'pem', type: 'spki' }).toString();
const org = 'default';
const origin = auditOrigin(org);
const texts = Array.from({ length: 13 }, (_, index) => JSON.stringify({ n: index + 1, org }));
const tree = new MerkleTree();
for (const text of texts) tree.append(Buffer.from(leafHash(text), 'hex'));

const checkpointOf = (size: number) => signCheckpoint({ origin, size, root: tree.root(size) }, privatePem);
const entryOf = (n: number) => {
  const entry = texts[n - 1] ?? '';
  return { n, entry, leafHash: leafHash(entry) };
};
const hex = (path: readonly Uint8Array[]) => path.map((hash) => Buffer.from(hash).toString('hex'));
const proofOf = (n: number, size: number, since: number, swapped = 0) => ({
  format: 'microstax-audit-proof/v1',
  org,
  origin,
  publicKey: key,
  entry: entryOf(n),
  checkpoint: checkpointOf(size),
  inclusion: hex(tree.inclusion(n - 1 + swapped, size)),
  since: { checkpoint: checkpointOf(since), consistency: hex(tree.consistency(since, size)) },
});

test('the judge is a hundred lines of code that need Node and nothing else', () => {
  const text = readFileSync(verifyProgram, 'utf8');
  const code = text.split('\n').filter((line) => !/^\s*(#!|\/\/|\/\*\*.*\*\/$|$)/.test(line));
  expect(code.length).toBeLessThanOrEqual(100);
  const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name);
  expect(imported).toEqual(['node:crypto', 'node:fs', 'node:util']);
});

test.each([
  [1, 1, 1],
  [1, 2, 1],
  [2, 3, 2],
  [3, 3, 1],
  [4, 7, 3],
  [7, 7, 4],
  [8, 8, 8],
  [5, 9, 8],
  [9, 9, 7],
  [13, 13, 6],
  [6, 13, 12],
])('the judge agrees with the writer on entry %i in %i entries, grown from %i', (n, size, since) => {
  const file = proofOf(n, size, since);
  expect(verifyAudit(file, { key })).toMatchObject({ code: 0, err: '' });
  if (size === 1) return;
  const neighbour = n === size ? -1 : 1;
  expect(verifyAudit(proofOf(n, size, since, neighbour), { key }).err).toContain(`Entry ${n} is not proved`);
});

test('the judge refuses an older checkpoint that is larger, and a proof that is longer than it has to be', () => {
  const file = proofOf(3, 5, 4);
  const { since } = file;
  const larger = { ...file, since: { ...since, checkpoint: checkpointOf(9) } };
  expect(verifyAudit(larger, { key }).err).toContain('not proved to have grown');
  const longer = { ...file, since: { ...since, consistency: [...since.consistency, ...since.consistency] } };
  expect(verifyAudit(longer, { key }).err).toContain('not proved to have grown');
});
