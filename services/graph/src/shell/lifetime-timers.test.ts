import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import type { TimerDocument } from '../core/documents.ts';
import type { Activity } from '../core/idle.ts';
import type { OutboxRow } from '../core/outbox.ts';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { fireTimers } from './timer-loop.ts';

/** The graph's handlers over a store in memory, with a clock that a test moves. */

const minute = 60_000;
const hour = 60 * minute;

function aGraph() {
  const said: OutboxRow[] = [];
  const hands = new GraphHands(new MemoryStore(), ({ appends }) => {
    for (const { log, body } of appends) if (log === 'outbox') said.push(body as OutboxRow);
  });
  let activity: Activity = { kind: 'idle', idleMs: 0 };
  const working: Promise<void>[] = [];
  const lifetimes = { ask: async () => activity, asking: (work: Promise<void>) => void working.push(work) };
  return {
    hands,
    said,
    expiring: () => said.filter(({ event }) => event === 'environment expiring').map(({ body }) => body),
    set activity(next: Activity) {
      activity = next;
    },
    timers: async () => (await hands.graph.store.scan<TimerDocument>('timers', { prefix: '' })).map(({ body }) => body),
    /** Lets time pass, and everything fire that becomes due. */
    async after(ms: number): Promise<void> {
      hands.pass(ms);
      while ((await fireTimers(hands.graph, 16, lifetimes)) > 0);
      await Promise.all(working.splice(0));
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const shop = (draft: Partial<Revision> = {}): Revision => ({
  ...aRevision('shop', { services: [aService('web')] }),
  ...draft,
});
const feat = aRevision('feat', { parent: 'shop', services: [aService('cart')] });

test('a ttl says twice that it ends, then deletes by the way of every change', async () => {
  const graph = aGraph();
  const { hands } = graph;
  await hands.apply(shop({ ttlSeconds: (2 * hour) / 1_000 }));
  await graph.after(hour - minute);
  expect(graph.expiring()).toEqual([]);
  await graph.after(2 * minute);
  expect(graph.expiring()).toMatchObject([{ env: 'shop', reason: expect.stringContaining('ends in 59 minutes') }]);
  await graph.after(50 * minute);
  expect(graph.expiring()).toHaveLength(2);
  await graph.after(10 * minute);
  expect(await hands.activation('shop', 2)).toMatchObject({
    wanted: 'deleted',
    cause: { kind: 'timer' },
    submission: null,
  });
  await hands.realise('shop', 2);
  expect(await hands.environment('shop')).toMatchObject({ servingWanted: 'deleted', lifetime: null });
  expect(await graph.timers()).toEqual([]);
  expect(graph.expiring()).toHaveLength(2);
});

test('a Blueprint that is applied again prolongs a ttl, also one that changes nothing; a command does not', async () => {
  const graph = aGraph();
  const { hands } = graph;
  const declared = shop({ ttlSeconds: hour / 1_000 });
  await hands.apply(declared);
  await graph.after(55 * minute);
  expect(await hands.accept(declared)).toMatchObject({ kind: 'unchanged' });
  await graph.after(30 * minute);
  expect((await hands.environment('shop'))?.generation).toBe(1);
  expect(await hands.command('shop', 'retry')).toMatchObject({ kind: 'revised', generation: 2 });
  await hands.realise('shop', 2);
  await graph.after(31 * minute);
  expect(await hands.activation('shop', 3)).toMatchObject({ wanted: 'deleted' });
});

test('a ttl that is over waits for those who hold the environment, says who they are, and tries again', async () => {
  const graph = aGraph();
  const { hands } = graph;
  await hands.apply(shop({ ttlSeconds: minute / 1_000 }));
  await hands.apply(feat);
  await graph.after(2 * minute);
  await graph.after(5 * minute);
  expect(graph.expiring()).toMatchObject([{ heldBy: ['feat'], reason: expect.stringContaining('"feat"') }]);
  expect((await hands.environment('shop'))?.generation).toBe(1);
  expect(await hands.command('feat', 'delete')).toMatchObject({ kind: 'revised' });
  await hands.realise('feat', 2);
  await graph.after(2 * minute);
  expect(await hands.activation('shop', 2)).toMatchObject({ wanted: 'deleted' });
});

test('a Blueprint that was only accepted postpones the end of what serves, and never brings it nearer', async () => {
  const graph = aGraph();
  const { hands } = graph;
  await hands.apply(shop({ ttlSeconds: (4 * hour) / 1_000 }));
  const before = (await hands.environment('shop'))?.lifetime?.expiresAt ?? 0;
  await hands.accept(shop({ ttlSeconds: minute / 1_000, description: 'shorter' }));
  expect((await hands.environment('shop'))?.lifetime?.expiresAt).toBe(before);
  await hands.accept(shop({ ttlSeconds: (9 * hour) / 1_000, description: 'longer' }));
  expect((await hands.environment('shop'))?.lifetime?.expiresAt).toBeGreaterThan(before + 4 * hour);
  const without = await hands.accept(shop({ description: 'without end' }));
  await hands.realise('shop', 'generation' in without ? without.generation : 0);
  expect((await hands.environment('shop'))?.lifetime?.expiresAt).toBeUndefined();
  expect(await graph.timers()).toEqual([]);
});

test('a delete that failed is tried again', async () => {
  const graph = aGraph();
  const { hands } = graph;
  await hands.apply(shop({ ttlSeconds: minute / 1_000 }));
  await graph.after(2 * minute);
  await hands.realise('shop', 2, 'failed');
  await graph.after(11 * minute);
  expect(await hands.activation('shop', 3)).toMatchObject({ wanted: 'deleted' });
});

const idling = (seconds = 600) => shop({ autoShutdown: { delaySeconds: seconds } });

test('an environment that nobody asks for is put to sleep after its delay; woken, it begins anew', async () => {
  const graph = aGraph();
  const { hands } = graph;
  await hands.apply(idling());
  graph.activity = { kind: 'idle', idleMs: 4 * minute };
  await graph.after(9 * minute);
  expect((await hands.environment('shop'))?.generation).toBe(1);
  await graph.after(2 * minute);
  expect((await hands.environment('shop'))?.generation).toBe(1); // it was used four minutes ago
  graph.activity = { kind: 'idle', idleMs: 10 * minute };
  await graph.after(7 * minute);
  expect(await hands.activation('shop', 2)).toMatchObject({ wanted: 'asleep', cause: { kind: 'timer' } });
  await hands.realise('shop', 2);
  expect(await graph.timers()).toEqual([]);
  expect(await hands.command('shop', 'wake')).toMatchObject({ kind: 'revised', generation: 3 });
  await hands.realise('shop', 3);
  expect(await graph.timers()).toMatchObject([{ id: 'idle/default/shop' }]);
});

test('what may be in use is never put to sleep: open requests, a silent router, a child that runs', async () => {
  const graph = aGraph();
  const { hands } = graph;
  await hands.apply(idling(60));
  for (const activity of [
    { kind: 'busy' },
    { kind: 'unknown', reason: 'router r1 does not answer' },
    { kind: 'unknown', reason: 'no router answers' },
  ] as const) {
    graph.activity = activity;
    await graph.after(2 * minute);
    expect(await hands.environment('shop')).toMatchObject({ generation: 1, wanted: 'running' });
    expect(await graph.timers()).toHaveLength(1);
  }
  graph.activity = { kind: 'idle', idleMs: hour };
  await hands.apply(feat);
  await graph.after(2 * minute);
  expect((await hands.environment('shop'))?.generation).toBe(1);
  expect(await hands.command('feat', 'sleep')).toMatchObject({ kind: 'revised' });
  await hands.realise('feat', 2);
  await graph.after(2 * minute);
  expect(await hands.activation('shop', 2)).toMatchObject({ wanted: 'asleep' });
});

test('a timer fires once, whatever else moves it, and one that a crash left behind does no harm', async () => {
  const graph = aGraph();
  const { hands } = graph;
  await hands.apply(idling(60));
  graph.activity = { kind: 'idle', idleMs: hour };
  for (let round = 0; round < 3; round += 1) {
    await hands.command('shop', 'retry');
    await hands.realise('shop', 2 + round);
    expect(await graph.timers()).toHaveLength(1);
  }
  await graph.after(2 * minute);
  await graph.after(2 * minute);
  expect((await hands.environment('shop'))?.generation).toBe(5);
});
