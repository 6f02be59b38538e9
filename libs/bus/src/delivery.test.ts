import type { Msg } from '@nats-io/nats-core';
import { expect, test } from 'vitest';
import { Delivery } from './delivery.ts';

function message(reply: string, said: string[] = []): Msg {
  const respond = (payload: string): boolean => said.push(payload) > 0;
  return { subject: 'msx.evt.graph.a.b.ready', data: new Uint8Array(), reply, respond } as unknown as Msg;
}

test.each([
  ['of 2.9 to 2.15', '$JS.ACK.MSX_EVENTS.graph-planner.3.42.50.1732475000123456789.7'],
  ['with domain and account', '$JS.ACK.hub.ACCOUNT.MSX_EVENTS.graph-planner.3.42.50.1732475000123456789.7.random'],
])('Delivery reads a reply subject %s', (_name, reply) => {
  expect(new Delivery(message(reply))).toMatchObject({
    stream: 'MSX_EVENTS',
    deliveries: 3,
    sequence: 42,
    storedAt: 1732475000123,
  });
});

test('Delivery refuses what JetStream did not deliver', () => {
  expect(() => new Delivery(message('_INBOX.a.b'))).toThrow(/Cannot read delivery "_INBOX.a.b"/);
});

test('Delivery says nak with a delay in nanoseconds, never without one', () => {
  const said: string[] = [];
  const delivery = new Delivery(message('$JS.ACK.S.c.1.2.3.4000000.0', said));
  delivery.nakAfter(0);
  delivery.nakAfter(1_500);
  delivery.working();
  delivery.ack();
  expect(said).toEqual(['-NAK {"delay":1000000}', '-NAK {"delay":1500000000}', '+WPI', '+ACK']);
});
