import { durables } from '@microstax/contracts/topology';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { buryDeadLetter, type DeadLetter } from './dead-letter.ts';
import type { ExecutionDocument } from './documents.ts';
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
  const { changes } = buryDeadLetter(letter, { environment, activation, execution: null, answered: null });
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
  expect(
    buryDeadLetter(letter, { environment, activation: settled, execution: null, answered: null }).changes.puts,
  ).toEqual([]);
});

test('buryDeadLetter() rejects a submission that has no answer', () => {
  const submitted = { ...letter, generation: null, submission: { id: 's-4', order } };
  const { changes } = buryDeadLetter(submitted, {
    environment: null,
    activation: null,
    execution: null,
    answered: null,
  });
  expect(changes.puts).toMatchObject([
    { key: 'default/s-4', body: { answer: { kind: 'rejected', findings: [{ code: 'dead-letter' }] } } },
  ]);
  const answered = { submission: 's-4', env: 'base', order, answer: { kind: 'outdated', newer: 'x' } as const, at: 1 };
  expect(
    buryDeadLetter(submitted, { environment: null, activation: null, execution: null, answered }).changes.puts,
  ).toEqual([]);
});

test('buryDeadLetter() ends an execution that nobody can take over, under a new epoch, and leaves a running one alone', () => {
  const known = {
    environment: { ...environment, epoch: 3, journalLength: 5, execution: { id: 'base@1', generation: 1, open: true } },
    activation: { ...activation, stage: 'claimed' as const },
    execution: { execution: 'base@1', org: 'default', env: 'base', generation: 1 } as ExecutionDocument,
    answered: null,
  };
  expect(buryDeadLetter(letter, known).changes.puts).toEqual([]);
  const { changes } = buryDeadLetter({ ...letter, consumer: durables.runtimeOffered.name }, known);
  expect(changes.puts).toMatchObject([
    { collection: 'journal', body: { n: 6, epoch: 4, event: { type: 'finished', outcome: 'failed' } } },
    { collection: 'environments', body: { epoch: 4, open: [], execution: { open: false } } },
    { collection: 'executions', body: { state: 'failed' } },
    { collection: 'activations', body: { outcome: 'failed' } },
  ]);
});
