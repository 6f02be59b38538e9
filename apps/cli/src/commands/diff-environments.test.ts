import type { GraphDifference } from '@microstax/contracts/graph-views';
import { expect, test } from 'vitest';
import { printDifference } from './diff-environments.ts';

const difference = {
  from: { env: 'shop', generation: 1 },
  to: { env: 'feat', generation: 2 },
  environment: [{ pointer: '/mode', before: 'baseline', after: 'overlay' }],
  services: [
    {
      service: 'payments',
      identity: 'svc-1',
      change: 'changed',
      formerName: null,
      owners: { before: 'shop', after: 'feat' },
      changes: [{ pointer: '/env/FEE', class: 'behaviour', before: null, after: '5' }],
    },
  ],
  unchanged: 7,
} as unknown as GraphDifference;

test('fields of the environments stand apart from those of the services', () => {
  expect(printDifference(difference, 'table')).toBe(`shop@1 → feat@2  1 of 8 services differ
SERVICE    CHANGE     CLASS       BEFORE   AFTER
payments   changed                -        -
           /env/FEE   behaviour   -        5

Environment
FIELD   BEFORE     AFTER
/mode   baseline   overlay
`);
});

test('what does not differ is not drawn', () => {
  const none = { ...difference, services: [], environment: [], unchanged: 8 };
  expect(printDifference(none, 'table')).toBe('shop@1 → feat@2  0 of 8 services differ\n');
  const own = { ...difference, services: [], unchanged: 8 };
  expect(printDifference(own, 'table')).toBe(`shop@1 → feat@2  0 of 8 services differ
Environment
FIELD   BEFORE     AFTER
/mode   baseline   overlay
`);
});
