import { closureParts } from '@microstax/model/closure';
import { digestOfBytes } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { beforeAll, expect, test } from 'vitest';
import type { EnvironmentDocument } from '../core/documents.ts';
import { environmentAt } from '../core/places.ts';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { answerArtifact } from './answer-reads.ts';
import { answerClosure, answerRevision } from './answer-sources.ts';

const hands = new GraphHands(new MemoryStore());
const { graph } = hands;
beforeAll(async () => {
  await hands.apply(aRevision('shop', { services: [aService('web')] }));
  await hands.apply(aRevision('feat', { parent: 'shop', services: [aService('mail')] }));
  await hands.apply(aRevision('feat', { parent: 'shop', services: [aService('mail', { env: { A: '2' } })] }));
});

test('a stored revision is answered byte for byte, of any generation', async () => {
  const [first, second] = [1, 2].map((generation) => answerRevision(graph, { env: 'feat', generation }, { org }));
  const one = await must(first, 'two were asked for');
  if (one.kind !== 'revision') throw new Error(one.kind);
  expect(digestOfBytes('revision', one.bytes)).toBe(one.digest);
  expect(await second).not.toEqual(one);
});

test('a closure names every revision, policy and facts of a derivation, is kept, and is the same one again', async () => {
  const closure = await answerClosure(graph, { env: 'feat', at: 1, whole: true }, { org });
  if (closure.kind !== 'closure') throw new Error(closure.kind);
  const parts = closureParts(JSON.parse(closure.bytes));
  expect(parts.map(({ kind }) => kind)).toEqual(['derivation', 'revision', 'revision', 'policy', 'facts']);
  expect(closure.artifacts.map(({ kind, digest }) => ({ kind, digest }))).toEqual(parts);
  for (const { kind, digest, bytes = '' } of closure.artifacts) expect(digestOfBytes(kind, bytes)).toBe(digest);
  expect(await answerArtifact(graph, { digest: closure.digest }, { org })).toMatchObject({ bytes: closure.bytes });
  const again = await answerClosure(graph, { env: 'feat', at: 1, whole: false }, { org });
  expect(again).toMatchObject({ digest: closure.digest });
});

test('what is not there, and what is no longer kept, is told', async () => {
  const ask = (env: string, generation: number) => answerRevision(graph, { env, generation }, { org });
  expect(await ask('nowhere', 1)).toEqual({ kind: 'unknown environment', known: ['feat', 'shop'] });
  expect(await ask('feat', 9)).toMatchObject({ kind: 'unknown generation', known: ['1', '2'] });
  expect(await answerClosure(graph, { env: 'feat', at: 9, whole: false }, { org })).toMatchObject({
    kind: 'not found',
    what: 'generation 9 of "feat"',
  });
  const { collection, key } = environmentAt(org, 'feat');
  const row = must(await graph.store.get<EnvironmentDocument>(collection, key), 'feat is known');
  const puts = [{ collection, key, body: { ...row.body, floor: 12 } }];
  await graph.store.commit({ guards: [], puts, removes: [], appends: [] });
  expect(await ask('feat', 9)).toEqual({ kind: 'not kept' });
});
