import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerIdentity } from '@microstax/service/process-identity';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Company } from './company.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'msx-company-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('Company: of two runtimes the one that leaves last is told so', async () => {
  const one = await Company.enter(dataDir, ownerIdentity());
  const other = await Company.enter(dataDir, ownerIdentity());
  expect(await one.leave()).toBe(false);
  expect(await other.leave()).toBe(true);
});

test('Company: a killed runtime is no company, and its file goes', async () => {
  const one = await Company.enter(dataDir, ownerIdentity());
  const { pid, bootId } = ownerIdentity();
  await writeFile(join(dataDir, 'runtimes', `${pid}.1.${bootId}.1`), ''); // the same id, but another start
  expect(await one.leave()).toBe(true);
  expect(await readdir(join(dataDir, 'runtimes'))).toEqual([]);
});
