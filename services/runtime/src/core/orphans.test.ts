import type { InstanceRecord } from '@microstax/model/journal';
import { expect, test } from 'vitest';
import { type FoundEnvironment, type KnownEnvironment, orphansOf } from './orphans.ts';

const record = (id: string): InstanceRecord => ({
  id,
  service: 'web',
  runDigest: 'sha256:1',
  pid: 7,
  startTime: '1',
  bootId: 'b',
  ports: {},
  epoch: 1,
});
const found: FoundEnvironment = {
  env: 'shop',
  instances: [
    { record: record('web-1'), lives: true },
    { record: record('web-2'), lives: true },
    { record: record('web-3'), lives: false },
  ],
  folders: ['run/shop', 'logs/shop', 'secrets/shop', 'data/shop'],
  isRouted: true,
};
const known: KnownEnvironment = { open: false, instances: new Set(['web-1']), isDeleted: false };
const names = (about: KnownEnvironment | undefined) =>
  orphansOf(found, about).map(({ kind, name }) => `${kind} ${name}`);

test('orphansOf() has what lives or was recorded and is in no inventory', () => {
  expect(names(known)).toEqual(['process web-2', 'record web-3']);
});

test('orphansOf() judges nothing of an environment in which something is executed', () => {
  expect(names({ ...known, open: true })).toEqual([]);
});

test('orphansOf() has everything of an environment that nobody knows', () => {
  expect(names(undefined)).toEqual([
    'process web-1',
    'process web-2',
    'record web-3',
    'route shop',
    'folder run/shop',
    'folder logs/shop',
    'folder secrets/shop',
    'folder data/shop',
  ]);
});

test('orphansOf() leaves the fence, the logs and the expired table of a deleted environment where they are', () => {
  const deleted = { ...known, instances: new Set<string>(), isDeleted: true };
  expect(names(deleted).slice(3)).toEqual(['folder secrets/shop', 'folder data/shop']);
});
