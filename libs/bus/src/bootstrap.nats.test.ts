import { buckets, durables, streams } from '@microstax/contracts/topology';
import { startTestNats } from '@microstax/testkit/nats';
import { expect, test } from 'vitest';
import { bootstrap } from './bootstrap.ts';
import { connectTestBus } from './testing/test-bus.ts';

const everything = { streams: Object.values(streams), durables: [], buckets: [], objectStores: [] };

test('bootstrap() makes the whole topology once and finds it the second time', async () => {
  await using server = await startTestNats();
  await using graph = await connectTestBus(server, 'graph');

  const first = await bootstrap(graph);
  const second = await bootstrap(graph);

  const names = [...Object.values(streams), ...Object.values(durables), ...Object.values(buckets)].map(
    ({ name }) => name,
  );
  expect(first.created).toEqual([...names, 'msx_artifacts']);
  expect(second.created).toEqual([]);
  expect(second.streams.map(({ name, lastSequence, messages }) => ({ name, lastSequence, messages }))).toEqual(
    Object.values(streams).map(({ name }) => ({ name, lastSequence: 0, messages: 0 })),
  );
  expect(second.streams).toEqual(first.streams);
  expect(second.server.version).toBe(server.version);
});

test('two replicas that bootstrap at once end with one topology', async () => {
  await using server = await startTestNats();
  await using one = await connectTestBus(server, 'graph');
  await using other = await connectTestBus(server, 'graph');

  await Promise.all([bootstrap(one), bootstrap(other)]);

  expect((await bootstrap(one)).created).toEqual([]);
});

test('bootstrap() stops at a stream that differs, names the field, and changes nothing', async () => {
  await using server = await startTestNats();
  await using graph = await connectTestBus(server, 'graph');
  await bootstrap(graph, { topology: everything });

  const shorter = { ...streams.events, maxAgeMs: 60_000, duplicateWindowMs: 60_000 };
  const refused = bootstrap(graph, { topology: { ...everything, streams: [shorter] } });

  await expect(refused).rejects.toMatchObject({ code: 'topology-differs' });
  await expect(refused).rejects.toThrow(/MSX_EVENTS: its max_age is 2592000000000000, wanted is 60000000000/);
  expect((await bootstrap(graph, { topology: everything })).created).toEqual([]);
});

test('bootstrap() stops at a durable that differs and leaves it as it is', async () => {
  await using server = await startTestNats();
  await using graph = await connectTestBus(server, 'graph');
  await bootstrap(graph);

  const other = { ...durables.runtimeOffered, maxAckPending: 7 };
  const refused = bootstrap(graph, { topology: { streams: [], durables: [other], buckets: [], objectStores: [] } });

  await expect(refused).rejects.toThrow(/runtime-execution-offered: its max_ack_pending is 1, wanted is 7/);
  expect((await bootstrap(graph)).created).toEqual([]);
});
