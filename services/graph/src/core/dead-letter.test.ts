import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { buryDeadLetter, type DeadLetter } from './dead-letter.ts';
import { born, now } from './testing/states.ts';

const { environment, activation } = born(aRevision('base', { services: [aService('web')] }));
const letter: DeadLetter = {
  org: 'default',
  env: 'base',
  submission: null,
  generation: 1,
  consumer: 'planner',
  reason: 'it threw twice',
  now,
};
const order = { incarnation: 1, sequence: 4 };

test('buryDeadLetter() fails the activation that the message was about', () => {
  const { changes } = buryDeadLetter(letter, { environment, activation, answered: null });
  expect(changes.puts).toMatchObject([
    {
      collection: 'activations',
      body: {
        outcome: 'failed',
        reason: 'a message could not be handled by "planner": it threw twice; to go on: msx retry base',
      },
    },
    { collection: 'environments', body: { open: [] } },
  ]);
  expect(changes.appends).toMatchObject([{ log: 'outbox', body: { event: 'activation failed' } }, { log: 'audit' }]);
});

test('buryDeadLetter() leaves an outcome as it is', () => {
  const settled = { ...activation, outcome: 'ready' as const };
  expect(buryDeadLetter(letter, { environment, activation: settled, answered: null }).changes.puts).toEqual([]);
});

test('buryDeadLetter() rejects a submission that has no answer', () => {
  const submitted = { ...letter, generation: null, submission: { id: 's-4', order } };
  const { changes } = buryDeadLetter(submitted, { environment: null, activation: null, answered: null });
  expect(changes.puts).toMatchObject([
    { key: 'default/s-4', body: { answer: { kind: 'rejected', findings: [{ code: 'dead-letter' }] } } },
  ]);
  const answered = { submission: 's-4', env: 'base', order, answer: { kind: 'outdated', newer: 'x' } as const, at: 1 };
  expect(buryDeadLetter(submitted, { environment: null, activation: null, answered }).changes.puts).toEqual([]);
});
