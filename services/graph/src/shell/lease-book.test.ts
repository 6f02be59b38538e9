import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { born, serving } from '../core/testing/states.ts';
import { LeaseBook } from './lease-book.ts';

const { environment } = serving(born(aRevision('base', { services: [aService('web')] })));
const open = { ...environment, execution: { id: 'base@1', generation: 1, open: true } };

test('LeaseBook tells a silent owner once per lease, and who was heard not at all', () => {
  const book = new LeaseBook();
  book.follow(open, 0);
  expect(book.takeSilent(99, 100)).toEqual([]);
  expect(book.takeSilent(100, 100)).toEqual([{ org: 'default', env: 'base', epoch: 1, silentMs: 100, offers: 0 }]);
  expect(book.takeSilent(150, 100)).toEqual([]);
  book.heard('default', 'base', 1, 190);
  expect(book.takeSilent(250, 100)).toEqual([]);
  book.heard('default', 'base', 0, 280); // another epoch is somebody else
  expect(book.takeSilent(290, 100)).toMatchObject([{ offers: 1 }]);
});

test('LeaseBook forgets a closed execution and starts a new epoch with a whole lease', () => {
  const book = new LeaseBook();
  book.follow(open, 0);
  book.follow({ ...open, epoch: 2 }, 90);
  expect(book.takeSilent(150, 100)).toEqual([]);
  book.follow({ ...open, epoch: 2, execution: { ...open.execution, open: false } }, 150);
  expect(book.takeSilent(999, 100)).toEqual([]);
});

test('LeaseBook holds everybody blameless while nobody could be heard', () => {
  const book = new LeaseBook();
  book.follow(open, 0);
  book.startAnew(500);
  expect(book.takeSilent(550, 100)).toEqual([]);
});
