import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { closureOfDerivation } from '@microstax/model/closure';
import type { Derivation } from '@microstax/model/derivation';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { CliError } from './cli-error.ts';
import { readClosureFile } from './closure-file.ts';
import { exitCodes } from './exit-codes.ts';

const folder = mkdtempSync(join(tmpdir(), 'msx-closure-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [revision, policy, facts] = (['revision', 'policy', 'facts'] as const).map((kind) =>
  sealArtifact(kind, { kind }),
);
const derivation = sealArtifact('derivation', {
  org: 'default',
  env: 'shop',
  revision: revision?.digest,
  lineage: [],
  outside: [],
  wanted: 'running',
  policy: policy?.digest,
  facts: facts?.digest,
} as unknown as Derivation);
const closure = closureOfDerivation(derivation);
const artifacts = [derivation, revision, policy, facts] as readonly Artifact[];

function fileOf(content: unknown, write: (content: unknown) => string = JSON.stringify): string {
  const path = join(folder, 'closure.json');
  writeFileSync(path, write(content));
  return path;
}

function refused(content: unknown): string {
  try {
    readClosureFile(fileOf(content));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    expect(error.exitCode).toBe(exitCodes.invalidInput);
    return error.message;
  }
  throw new Error('it was taken');
}

test.each([
  ['JSON', JSON.stringify],
  ['YAML', stringify],
])('a closure is taken whole from %s', (_, write) => {
  const taken = readClosureFile(fileOf({ closure, artifacts }, write));
  expect([taken.env, taken.digest]).toEqual(['shop', closure.digest]);
  expect(taken.artifacts.map(({ kind }) => kind)).toEqual(['closure', 'derivation', 'revision', 'policy', 'facts']);
});

test('nothing is taken of a closure of which a part is another one, or is missing', () => {
  const changed = artifacts.map((one) => (one === facts ? { ...one, bytes: '{}' } : one));
  expect(refused({ closure, artifacts: changed })).toContain('a facts in it has the digest');
  expect(refused({ closure, artifacts: artifacts.slice(0, 3) })).toContain(`the facts ${facts?.digest} is not in it`);
  expect(refused({ closure: { ...closure, bytes: '{}' }, artifacts })).toContain('a closure in it has the digest');
  expect(refused({ closure, artifacts: [{ kind: 'sandwich', bytes: '' }] })).toContain('no kind or no bytes');
  expect(refused(['a list'])).toContain('not what msx closure -o json prints');
});
