import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EnvironmentDocument } from '../core/documents.ts';
import { indexes } from '../core/projections.ts';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { begin, type HistoryStep, historySteps, take } from '../testing/random-history.ts';
import { rebuildProjections } from './rebuild-projections.ts';

const projections = [{ collection: 'environments', prefix: '' } as const, ...indexes];

test('projections that are rebuilt equal those that were kept, after any history', async () => {
  let rows = 0;
  const property = fc.asyncProperty(historySteps, async (steps) => {
    const store = new MemoryStore();
    const hands = new GraphHands(store);
    await begin(hands);
    for (const step of steps) await take(hands, step);
    const kept = store.dump(projections);

    expect((await rebuildProjections(hands.graph)).mended).toEqual([]);

    await spoil(store);
    const { mended } = await rebuildProjections(hands.graph);
    expect(store.dump(projections)).toEqual(kept);
    rows += mended.length;
  });
  await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 8_000 });
  expect(rows).toBeGreaterThan(10);
});

const declared = (version: number) => ({ do: 'declare', env: 'mapped', version, removes: false }) as const;
const ready = { do: 'realise', env: 'mapped', outcome: 'ready', instances: 0 } as const;
const failed = { ...ready, outcome: 'failed' } as const;
const deleted = { do: 'delete', env: 'mapped', cascade: false } as const;
const retried = { do: 'retry', env: 'mapped', cascade: false } as const;

test.each<readonly [string, readonly HistoryStep[]]>([
  ['used again before its delete was carried out', [deleted, declared(0), ready]],
  ['used again after its delete was carried out', [deleted, ready, declared(1), ready]],
  ['deleted twice', [deleted, ready, retried, ready]],
  ['whose delete failed', [deleted, failed]],
])('a name %s leaves no row behind that nobody stands for, and misses none', async (_, steps) => {
  const hands = new GraphHands(new MemoryStore());
  await begin(hands);
  for (const step of [declared(1), ready, ...steps]) await take(hands, step);
  expect((await rebuildProjections(hands.graph)).mended).toEqual([]);
});

/** Throws every index row away, adds one that nothing stands for, and forgets what an environment's row is computed from. */
async function spoil(store: MemoryStore): Promise<void> {
  const indexed = await Promise.all(indexes.map(({ collection, prefix }) => store.scan(collection, { prefix })));
  const environments = await store.scan<EnvironmentDocument>('environments', { prefix: '' });
  const forgotten = { head: null, target: null, serving: null, servingWanted: null, execution: null, pin: null };
  const puts = environments.map(({ collection, key, body }) => ({
    collection,
    key,
    body: {
      ...body,
      ...forgotten,
      generation: 0,
      epoch: 0,
      journalLength: 0,
      inventory: { instances: [], listeners: [] },
      open: [],
      offers: [],
      changed: [],
      root: 'nowhere',
      value: '',
    },
  }));
  const stray = { collection: 'keys', key: 'default/route:stray', body: { key: 'route:stray', env: 'base' } } as const;
  await store.commit({ guards: [], puts: [], removes: indexed.flat(), appends: [] });
  await store.commit({ guards: [], puts: [...puts, stray], removes: [], appends: [] });
}
