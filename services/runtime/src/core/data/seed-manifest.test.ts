import { expect, test } from 'vitest';
import { compareVersions, readSeedManifest, whyNoStep } from './seed-manifest.ts';

const read = (value: unknown) => readSeedManifest(JSON.stringify(value));
const steps = [{ sql: 'a.sql' }, { sql: 'b/c.sql', database: 'x.db' }, { command: ['node', 'load.mjs'] }];

test('a manifest is read with its steps in their order and its services sorted', () => {
  expect(read({ name: 'demo', version: '1.10', services: ['web', 'db', 'db'], steps })).toEqual({
    kind: 'read',
    manifest: {
      name: 'demo',
      version: '1.10',
      services: ['db', 'web'],
      steps: [
        { kind: 'sql', file: 'a.sql' },
        { kind: 'sql', file: 'b/c.sql', database: 'x.db' },
        { kind: 'command', command: ['node', 'load.mjs'] },
      ],
    },
  });
});

test.each([
  ['no object', 'x'],
  ['an unknown key', { name: 'a', version: '1', steps, step: [] }],
  ['a name that is none', { name: 'A/b', version: '1', steps }],
  ['a version that is a number', { name: 'a', version: 1, steps }],
  ['a version with an @', { name: 'a', version: '1@2', steps }],
  ['no step', { name: 'a', version: '1', steps: [] }],
  ['a step of two kinds', { name: 'a', version: '1', steps: [{ sql: 'a', command: ['b'] }] }],
  ['a step that leaves the package', { name: 'a', version: '1', steps: [{ sql: '../a.sql' }] }],
  ['a step at an absolute path', { name: 'a', version: '1', steps: [{ sql: '/etc/a.sql' }] }],
  ['an empty command', { name: 'a', version: '1', steps: [{ command: [] }] }],
])('%s is refused', (_, value) => {
  expect(read(value).kind).toBe('unreadable');
});

test('what is no JSON is refused', () => {
  expect(readSeedManifest('{')).toEqual({ kind: 'unreadable', reason: 'seed.json is not JSON' });
});

test('compareVersions() has the newest first, numbers by value', () => {
  expect(['1.2', '1.10', '1.9', 'beta', '10'].sort(compareVersions)).toEqual(['beta', '10', '1.10', '1.9', '1.2']);
});

test('whyNoStep() refuses transactions of its own and commands of psql, and takes SQL with rows', () => {
  expect(whyNoStep('INSERT INTO a VALUES (1);\nCOMMIT;')).toContain('transaction');
  expect(whyNoStep('\\! rm -rf /')).toContain('psql');
  expect(whyNoStep('  \\i other.sql')).toContain('psql');
  expect(
    whyNoStep("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n RETURN 1;\nEND $$;\nSELECT 'begin;'"),
  ).toBeUndefined();
  expect(whyNoStep('COPY a FROM stdin;\n\\N\tx\n\\.\n')).toBeUndefined();
});
