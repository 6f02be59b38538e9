import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import type { SaidDocument } from './documents.ts';
import { drivenStages, type RedriveView, redrive, sayAgain } from './redrive.ts';
import { born } from './testing/states.ts';

const said: SaidDocument = {
  org: 'default',
  env: 'base',
  generation: 1,
  stage: 'revised',
  sequence: 10,
  incarnation: 1,
  drive: 0,
};
const view = (draft: Partial<RedriveView> = {}): RedriveView => ({
  incarnation: 1,
  firstSequence: 1,
  ackFloor: 15,
  ownPending: 0,
  missing: null,
  ...draft,
});

test('redrive() waits while the relay has the event', () => {
  expect(redrive(null, view()).kind).toBe('owed');
  expect(redrive({ ...said, sequence: null }, view()).kind).toBe('owed');
});

test('redrive() waits while the next consumer has not acked the event', () => {
  given(view({ ackFloor: 9 }))
    .when((known) => redrive(said, known))
    .then({ kind: 'owed', reason: 'message 10 is not acked, the floor is 9' });
});

test('redrive() waits while the graph has not recorded all that may have followed', () => {
  expect(redrive(said, view({ ownPending: 1_000 })).kind).toBe('owed');
});

test('redrive() says an event again that was heard and came to nothing', () => {
  expect(redrive({ ...said, drive: 2 }, view())).toMatchObject({ kind: 'say again', drive: 3 });
});

test('redrive() says an event again that the stream no longer has', () => {
  expect(redrive(said, view({ firstSequence: 11 }))).toMatchObject({ kind: 'say again', drive: 1 });
});

test('redrive() does not miss an event that was said after it looked', () => {
  expect(redrive({ ...said, sequence: 21 }, view()).kind).toBe('owed');
  expect(redrive({ ...said, sequence: 3, incarnation: 2 }, view()).kind).toBe('owed');
});

test('redrive() says an event again that was taken out of the middle of the stream, before anybody heard it', () => {
  expect(redrive(said, view({ ackFloor: 9, missing: 10 }))).toMatchObject({ kind: 'say again', drive: 1 });
  expect(redrive(said, view({ ackFloor: 9, missing: 11 })).kind).toBe('owed');
});

test('redrive() does not take another incarnation’s sequence for its own', () => {
  expect(redrive(said, view({ incarnation: 2, ackFloor: 0 }))).toMatchObject({ kind: 'say again', drive: 1 });
});

test('sayAgain() puts the last event of every stage into the outbox, under the higher drive', () => {
  const { activation } = born(aRevision('base', { services: [aService('web')] }));
  const events = drivenStages.map((stage) => sayAgain(activation, stage, 1).appends[0]?.body);
  expect(events).toMatchObject(
    ['environment revised', 'plan drafted', 'resolution recorded', 'activation approved'].map((event) => ({
      event,
      drive: 1,
      inputId: 's-1',
    })),
  );
});
