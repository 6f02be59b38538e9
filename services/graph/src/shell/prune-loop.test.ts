import type { Query } from '@microstax/contracts/queries';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArtifactDocument } from '../core/documents.ts';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { begin, type HistoryStep, historyEnvs, historySteps, take } from '../testing/random-history.ts';
import { pruneAll } from './prune-loop.ts';
import { rebuildProjections } from './rebuild-projections.ts';

const lasting = [
  { collection: 'revisions', prefix: '' },
  { collection: 'journal', prefix: '' },
  { collection: 'answers', prefix: '' },
  { collection: 'identities', prefix: '' },
] as const;

const shop = (version: number) =>
  aRevision('base', { services: [aService('web', { env: { VERSION: String(version) } }), aService('cart')] });

const renewed = (version: number): readonly HistoryStep[] => [
  { do: 'declare', env: 'base', version, removes: false },
  { do: 'realise', env: 'base', outcome: 'ready', instances: 1 },
];

test('from the floor on every read says what it said; below it is outside retention; the truth stays; life goes on', async () => {
  let pruned = 0;
  const property = fc.asyncProperty(historySteps, historySteps, async (before, after) => {
    const store = new MemoryStore();
    const hands = new GraphHands(store);
    await begin(hands);
    for (const version of [1, 2, 3]) for (const step of renewed(version)) await take(hands, step); // so that something goes
    for (const step of before) await take(hands, step);
    const questions = async (): Promise<Query[]> => {
      const rows = await Promise.all(historyEnvs.map((env) => hands.environment(env)));
      return rows.flatMap((row) =>
        Array.from({ length: row?.generation ?? 0 }, (_, index) => index + 1).flatMap((at): Query[] =>
          (
            [
              'environments',
              'environment-detail',
              'journal',
              'services',
              'submissions',
              'revisions',
              'graph',
              'lineage',
            ] as const
          ).map((kind) => ({
            kind,
            env: row?.env ?? '',
            at,
          })),
        ),
      );
    };
    const said = await Promise.all(
      (await questions()).map(async (query) => ({ query, reply: await hands.ask(query) })),
    );
    const truth = store.dump(lasting);
    const entries = (await store.readLog('audit', { org: 'default' })).length;

    pruned += await pruneAll(hands.graph, { generations: 2, ms: 0 });

    expect(store.dump(lasting)).toEqual(truth);
    expect((await store.readLog('audit', { org: 'default' })).length).toBeGreaterThanOrEqual(entries);
    for (const { query, reply } of said) {
      if (query.kind === 'audit' || query.at === undefined || query.env === undefined) continue;
      const floor = (await hands.environment(query.env))?.floor ?? 1;
      const now = await hands.ask(query);
      if (query.at >= floor) expect(now).toEqual(reply);
      else expect(now).toEqual({ kind: 'outside retention', env: query.env, at: query.at, floor });
    }
    expect((await rebuildProjections(hands.graph)).mended).toEqual([]);
    for (const step of after) await take(hands, step);
  });
  await fc.assert(property, { numRuns: 25, interruptAfterTimeLimit: 8_000 });
  expect(pruned).toBeGreaterThan(0);
});

test('what goes is what can be computed again, and the status says from where on all is there', async () => {
  const store = new MemoryStore();
  const hands = new GraphHands(store);
  for (let version = 1; version <= 130; version++) await hands.apply(shop(version));

  expect(await pruneAll(hands.graph, { generations: 10, ms: 0 })).toBe(120);
  expect(await pruneAll(hands.graph, { generations: 10, ms: 0 })).toBe(0);

  const kinds = (await store.scan<ArtifactDocument>('artifacts', { prefix: '' })).map(({ body }) => body.kind);
  const count = (kind: string): number => kinds.filter((one) => one === kind).length;
  expect([count('revision'), count('derivation'), count('plan'), count('composition')]).toEqual([130, 130, 10, 10]);
  expect(await hands.ask({ kind: 'environments' })).toMatchObject({ items: [{ env: 'base', floor: 121 }] });
  const gone = { kind: 'outside retention', env: 'base', at: 3, floor: 121 };
  expect(await hands.ask({ kind: 'difference', env: 'base', at: 130, to: { env: 'base', at: 3 } })).toEqual(gone);
  expect(await hands.ask({ kind: 'difference', env: 'base', at: 3, to: { env: 'base' } })).toEqual(gone);
  expect(await store.readLog('audit', { org: 'default' })).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({ body: expect.objectContaining({ verb: 'pruned', subject: 'base@121' }) }),
    ]),
  );
  expect(await store.scan('executions', { prefix: 'default/base/' })).toHaveLength(10);
});

test('a child that is pinned to an old generation goes on deriving from it', async () => {
  const store = new MemoryStore();
  const hands = new GraphHands(store);
  const child = (version: string) =>
    aRevision('child', {
      parent: { env: 'base', link: 'pinned' },
      services: [aService('web', { env: { V: version } })],
    });
  await hands.apply(shop(1));
  await hands.apply(child('1'));
  for (let version = 2; version <= 6; version++) await hands.apply(shop(version));

  expect(await pruneAll(hands.graph, { generations: 1, ms: 0 })).toBe(4);

  expect((await hands.activation('base', 1))?.outcome).toBe('ready');
  expect(await hands.activation('base', 2)).toBeNull();
  expect(await hands.accept(child('2'))).toMatchObject({ kind: 'revised', generation: 2 });
  expect((await hands.environment('child'))?.pin?.generation).toBe(1);
});

test('young generations stay, however many there are', async () => {
  const hands = new GraphHands(new MemoryStore());
  for (let version = 1; version <= 5; version++) await hands.apply(shop(version));
  expect(await pruneAll(hands.graph, { generations: 1, ms: 3_600_000 })).toBe(0);
});
