import { environmentReady } from '@microstax/contracts/environment-ready';
import { jobChanged } from '@microstax/contracts/job-changed';
import { systemClock } from '@microstax/service/clock';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { expect, test } from 'vitest';
import type { OutboxRow } from '../core/outbox.ts';
import { BusMemory } from './bus-memory.ts';
import { type NumberedRow, startRelay } from './relay.ts';
import type { Batch, LogRow } from './store/graph-store.ts';

/** A bus and a store in memory, as far as the relay looks. */
function scene(rows: readonly NumberedRow[] = []) {
  const outbox = new Map(rows.map(({ n, row }) => [n, row]));
  const said: string[] = [];
  const commits: Batch[] = [];
  const failing = new Set<string>();
  const held = new Map<string, Promise<void>>();
  const graph = {
    log: silentLog,
    clock: systemClock,
    memory: new BusMemory(),
    bus: {
      telemetry: startTelemetry({ service: 'graph' }),
      async publish(_contract: unknown, { env }: { env: string }, { inputId }: { inputId: string }) {
        await held.get(env);
        if (failing.delete(inputId)) throw new Error('the bus is away');
        if (inputId === 'poison') throw new TypeError('its body breaks its own contract');
        said.push(inputId);
        return { stream: 'MSX_EVENTS', sequence: said.length, duplicate: false };
      },
    },
    store: {
      async readLog(_log: string, { after = 0 }: { after?: number }): Promise<readonly LogRow<OutboxRow>[]> {
        const found = [...outbox].filter(([n]) => n > after);
        return found.map(([n, body]) => ({ log: 'outbox', org: '*', n, body, leafHash: null }));
      },
      async getMany() {
        return [];
      },
      async commit(batch: Batch) {
        commits.push(batch);
        for (const n of batch.settled ?? []) outbox.delete(n);
        return { kind: 'committed', version: 1, appended: [] };
      },
    },
  };
  return { graph: graph as never, said, commits, failing, held, outbox };
}

function aRow(n: number, env: string, id = `${env}#${n}`): NumberedRow {
  const about = { org: 'default', env, generation: 1, activation: `${env}@1`, submission: null };
  const body = { ...about, execution: `${env}@1`, epoch: 1, reason: 'every job is done' };
  const event = environmentReady.name;
  return { n, row: { event, body, inputId: id, ordinal: 0, drive: 0, purpose: 'activate', traceparent: null } };
}

test('rows of before the start are said before those of new commits', async () => {
  const { graph, said, outbox } = scene([aRow(1, 'a'), aRow(2, 'a')]);
  await using relay = await startRelay(graph);
  outbox.set(3, aRow(3, 'a').row);
  relay.say([aRow(3, 'a')]);
  await eventually(() => said.length === 3);
  expect(said).toEqual(['a#1', 'a#2', 'a#3']);
});

test('an environment whose event cannot be said keeps its order and holds up no other one', async () => {
  const { graph, said, failing } = scene();
  failing.add('a#1');
  await using relay = await startRelay(graph);
  for (const row of [aRow(1, 'a'), aRow(2, 'a'), aRow(3, 'b')]) relay.say([row]); // three commits
  await eventually(() => said.length === 3);
  expect(said).toEqual(['b#3', 'a#1', 'a#2']);
});

test('what nobody waits for is said a moment later, in its order, and not after what somebody waits for', async () => {
  const { graph, said } = scene();
  await using relay = await startRelay(graph);
  const moved = (n: number, env: string): NumberedRow => {
    const { row } = aRow(n, env);
    return { n, row: { ...row, event: jobChanged.name } };
  };
  relay.say([moved(1, 'a'), moved(2, 'b')]);
  relay.say([moved(3, 'a')]);
  relay.say([aRow(4, 'a'), aRow(5, 'c')]);
  await eventually(() => said.length === 5);
  expect(said.filter((id) => id.startsWith('a'))).toEqual(['a#1', 'a#3', 'a#4']);
  expect(said.at(-1)).toBe('b#2');
});

test('what waits to be said when the relay ends is said first', async () => {
  const { graph, said } = scene();
  {
    await using relay = await startRelay(graph);
    const { row } = aRow(1, 'a');
    relay.say([{ n: 1, row: { ...row, event: jobChanged.name } }]);
  }
  expect(said).toEqual(['a#1']);
});

test('of rows that are sent together, the one that failed and those after it are said again', async () => {
  const { graph, said, failing, commits } = scene();
  failing.add('a#2');
  const relay = await startRelay(graph);
  relay.say([aRow(1, 'a'), aRow(2, 'a'), aRow(3, 'a')]);
  await eventually(() => said.length === 4);
  await relay[Symbol.asyncDispose]();
  expect(said).toEqual(['a#1', 'a#3', 'a#2', 'a#3']);
  expect(commits.flatMap(({ settled }) => settled)).toEqual([1, 2, 3]);
});

test('rows are removed together, also those said while it ends, and none is said twice', async () => {
  const { graph, said, commits, held, outbox } = scene();
  const relay = await startRelay(graph);
  const hold = Promise.withResolvers<void>();
  held.set('b', hold.promise);
  const rows = [aRow(1, 'a'), aRow(2, 'a'), aRow(3, 'b')];
  for (const { n, row } of rows) outbox.set(n, row);
  relay.say(rows);
  relay.wake(); // finds the same rows in the store
  await eventually(() => said.length === 2);
  const ending = relay[Symbol.asyncDispose]();
  hold.resolve();
  await ending;
  expect(said).toEqual(['a#1', 'a#2', 'b#3']);
  expect(commits.flatMap(({ settled }) => settled)).toEqual([1, 2, 3]);
  expect(outbox.size).toBe(0);
});

test('a row whose body breaks its own contract is removed and not said', async () => {
  const { graph, commits, said } = scene();
  const relay = await startRelay(graph);
  relay.say([aRow(1, 'a', 'poison'), aRow(2, 'a')]);
  await eventually(() => said.length === 1);
  await relay[Symbol.asyncDispose]();
  expect(said).toEqual(['a#2']);
  expect(commits.flatMap(({ settled }) => settled)).toEqual([1, 2]);
});
