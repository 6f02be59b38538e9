import { expect, test } from 'vitest';
import { readSnapshotReference, snapshotReference } from './data-step.ts';
import type { SnapshotSpec } from './revision.ts';

const nightly = { env: 'prod', name: 'nightly' };

test.each<[string, SnapshotSpec]>([
  ['prod/newest', { from: { env: 'prod' } }],
  ['prod/nightly', { from: nightly }],
  ['prod/nightly sanitised users.email:mask', { from: nightly, sanitise: { 'users.email': 'mask' } }],
  ['prod/nightly sanitised unclassified:refuse', { from: nightly, sanitise: {} }],
  ['prod/nightly sanitised unclassified:allow', { from: nightly, sanitise: {}, unclassified: 'allow' }],
  [
    'prod/nightly sanitised a.b:keep unclassified:allow',
    { from: nightly, sanitise: { 'a.b': 'keep' }, unclassified: 'allow' },
  ],
])('snapshotReference() is %s, and is read back to the same', (text, spec) => {
  expect(snapshotReference(spec)).toBe(text);
  expect(readSnapshotReference(text)).toEqual(spec);
});

test.each([
  '',
  'prod',
  'prod/',
  'prod/a/b',
  'prod/a masked x.y:mask',
  'prod/a sanitised',
  'prod/a sanitised x.y:show',
  'prod/a sanitised unclassified:mask',
])('readSnapshotReference() takes %j for none', (text) => {
  expect(readSnapshotReference(text)).toBeUndefined();
});
