import type { Bus } from '@microstax/bus/bus';
import { BusError, Unavailable } from '@microstax/bus/bus-error';
import { expect, test } from 'vitest';
import { BusIncarnation } from './bus-incarnation.ts';

/** The three doors of a bus that an incarnation is read by. */
function fakeBus(seen: number, told: () => number) {
  let asked = 0;
  let reconnect = (): void => {};
  const bus = {
    incarnation: async () => seen,
    request: async () => {
      asked += 1;
      return { incarnation: told() };
    },
    onReconnect: (listener: () => void) => {
      reconnect = listener;
    },
  };
  return { bus: bus as unknown as Bus, asked: () => asked, reconnect: () => reconnect() };
}

test('BusIncarnation asks the graph once, and again after a reconnect (protocol 29)', async () => {
  const fake = fakeBus(3, () => 3);
  const incarnation = new BusIncarnation(fake.bus);
  expect([await incarnation.current(), await incarnation.current()]).toEqual([3, 3]);
  expect(fake.asked()).toBe(1);
  fake.reconnect();
  await incarnation.current();
  expect(fake.asked()).toBe(2);
});

test('BusIncarnation is unavailable while the bus shows another one than the graph says', async () => {
  const fake = fakeBus(3, () => 4);
  await expect(new BusIncarnation(fake.bus).current()).rejects.toThrow(Unavailable);
});

test('BusIncarnation is unavailable while the graph is away', async () => {
  const fake = fakeBus(3, () => {
    throw new BusError('no-responder', 'nobody answers');
  });
  await expect(new BusIncarnation(fake.bus).current()).rejects.toThrow('graph is unavailable');
});
