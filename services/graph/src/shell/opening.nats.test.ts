import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { blueprintSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { systemClock } from '@microstax/service/clock';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { expect, test } from 'vitest';
import { busAt } from '../core/places.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { BusMemory } from './bus-memory.ts';
import type { Graph } from './graph.ts';
import { startOpening } from './opening.ts';

test('messages that arrive while the bus is looked at are no reason to open another incarnation', async () => {
  await using server = await startTestNats();
  await using telemetry = startTelemetry({ service: 'graph' });
  await using bus = await connectBus({ url: server.url, service: 'graph', log: silentLog, telemetry });
  const memory = new BusMemory();
  const store = new MemoryStore();
  const graph = { bus, memory, store, log: silentLog, clock: systemClock } as unknown as Graph;
  let opened = 0;
  await using opening = await startOpening(graph, async () => {
    opened += 1;
  });
  expect(await opening.current()).toBe(1);
  await hear(bus, memory);

  // Given: between each look and what is made of it a message is published and heard.
  const streamState = bus.streamState.bind(bus);
  let looks = 0;
  bus.streamState = async (name) => {
    const state = await streamState(name);
    if (name === streams.submissions.name) await hear(bus, memory);
    looks += 1;
    return state;
  };
  const get = store.get.bind(store);
  store.get = async (collection, key) => {
    if (collection === busAt.collection && key === busAt.key) await hear(bus, memory);
    return get(collection, key);
  };

  await eventually(async () => looks >= 4); // two streams, two looks
  expect(await eventually(() => opening.current())).toBe(1);
  expect(opened).toBe(1);
});

async function hear(bus: Bus, memory: BusMemory): Promise<void> {
  const subject = blueprintSubject({ org: 'default', env: 'shop' });
  const { sequence } = await bus.publishRaw({ subject, body: new TextEncoder().encode('name: shop') });
  memory.note(streams.submissions.name, sequence, null);
}
