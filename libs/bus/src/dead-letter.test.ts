import { headerNames } from '@microstax/contracts/header-names';
import { expect, test } from 'vitest';
import { deadLetter } from './dead-letter.ts';

const message = {
  subject: 'msx.blueprint.acme.shop',
  body: new TextEncoder().encode('a: ['),
  stream: 'MSX_SUBMISSIONS',
  sequence: 7,
  id: 'MSX_SUBMISSIONS:1:7',
  headers: { traceparent: 'tp', 'Nats-Msg-Id': 'x', 'nats-expected-last-sequence': '9', 'Nats-Rollup': 'all' },
  consumer: 'intake-blueprint',
  deliveries: 2,
  reason: 'it cannot be read',
};

test('deadLetter() keeps body and headers, says why, and repeats no order to the server', () => {
  const letter = deadLetter(message);
  expect(letter.subject).toBe('msx.dlq.acme.MSX_SUBMISSIONS.intake-blueprint');
  expect(letter.id).toBe('MSX_SUBMISSIONS:7:intake-blueprint');
  expect(letter.body).toBe(message.body);
  expect(letter.headers).toEqual({
    traceparent: 'tp',
    [headerNames.deadReason]: 'it cannot be read',
    [headerNames.deadMessageId]: 'MSX_SUBMISSIONS:1:7',
    [headerNames.deadSubject]: 'msx.blueprint.acme.shop',
    [headerNames.deadStream]: 'MSX_SUBMISSIONS',
    [headerNames.deadSequence]: '7',
    [headerNames.deadConsumer]: 'intake-blueprint',
    [headerNames.deadDeliveries]: '2',
  });
});

test('deadLetter() of a subject with a forbidden organisation goes to the default one', () => {
  const letter = deadLetter({ ...message, subject: 'msx.blueprint.A*.shop' });
  expect(letter.subject).toBe('msx.dlq.default.MSX_SUBMISSIONS.intake-blueprint');
});
