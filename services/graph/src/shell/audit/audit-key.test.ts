import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openAuditKey } from './audit-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'msx-audit-key-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('openAuditKey() makes a key that only its owner can read, once, and writes the public half beside it', () => {
  const path = join(folder, 'new', 'key.pem');
  const key = openAuditKey(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'new', 'key.pub.pem'), 'utf8')).toBe(key.publicPem);
  expect(key.publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  expect(openAuditKey(path)).toEqual(key);
});

test.each([
  ['no key', 'hunter2'],
  [
    'a key of another kind',
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  ],
])('openAuditKey() refuses a file with %s and does not repeat it', (name, text) => {
  const path = join(folder, `${name.replaceAll(' ', '-')}.pem`);
  writeFileSync(path, text);
  expect(() => openAuditKey(path)).toThrow(/^Cannot read the audit key ".*": an Ed25519 private key in PEM is wanted/);
  expect(readFileSync(path, 'utf8')).toBe(text);
});
