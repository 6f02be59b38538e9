import { expect, test } from 'vitest';
import { spanPublisher } from './span-publisher.ts';

const trace = (digit: string): string => digit.repeat(32);

function fakeBus() {
  const said: string[] = [];
  const listeners: (() => void)[] = [];
  let state: 'connected' | 'reconnecting' = 'connected';
  return {
    said,
    lose: () => {
      state = 'reconnecting';
    },
    find: () => {
      state = 'connected';
      for (const listener of listeners) listener();
    },
    state: () => state,
    onReconnect: (listener: () => void) => void listeners.push(listener),
    say: (subject: string) => void said.push(subject),
  };
}

test('spanPublisher() keeps spans until it has a bus, and while the bus is away', () => {
  const bus = fakeBus();
  const spans = spanPublisher();
  spans.publish(trace('a'), new Uint8Array(1));
  spans.attach(bus);
  spans.publish(trace('b'), new Uint8Array(1));
  bus.lose();
  spans.publish(trace('c'), new Uint8Array(1));
  expect(bus.said).toEqual([`msx.spans.${trace('a')}`, `msx.spans.${trace('b')}`]);
  bus.find();
  expect(bus.said.at(-1)).toBe(`msx.spans.${trace('c')}`);
});

test('spanPublisher() drops the oldest when it has to keep too much', () => {
  const bus = fakeBus();
  const spans = spanPublisher();
  for (const digit of '0123456789') spans.publish(trace(digit), new Uint8Array(1024 * 1024));
  spans.attach(bus);
  expect(bus.said).toEqual([...'6789'].map((digit) => `msx.spans.${trace(digit)}`));
});

test('spanPublisher() fails nobody where the bus refuses', () => {
  const spans = spanPublisher();
  spans.attach({
    ...fakeBus(),
    say: () => {
      throw new Error('too large');
    },
  });
  expect(() => spans.publish(trace('a'), new Uint8Array(1))).not.toThrow();
});
