import { compareText } from '@microstax/model/compare';
import type { Composition } from '@microstax/model/composition';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { seededRandom } from '@microstax/testkit/random';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TimerDocument } from '../core/documents.ts';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { fireTimers } from './timer-loop.ts';

/** Two roots, and overlays that track them, map to each other's root and ask pools: each name is one of the others. */
const environments: readonly Revision[] = [
  aRevision('shop', { services: [aService('web', { dependsOn: ['pay', 'mail'] }), aService('pay'), aService('db')] }),
  aRevision('tools', { services: [aService('pay', { env: { FEE: '2' } }), aService('mail')] }),
  aRevision('spare', { services: [aService('mail', { env: { FROM: 'spare' } })] }),
  aRevision('team', {
    parent: 'shop',
    services: [aService('db', { env: { A: '1' } })],
    routing: { pools: ['spare', 'tools'] },
  }),
  aRevision('feat', { parent: 'team', services: [aService('extra')], routing: { providers: { pay: 'tools' } } }),
  aRevision('side', {
    parent: 'shop',
    services: [aService('web', { env: { B: '1' } })],
    routing: { providers: { db: 'spare' } },
  }),
];

test('composition does not depend on the order in which environments were published', async () => {
  const expected = await composedIn(environments);
  expect(Object.keys(expected)).toHaveLength(environments.length);
  const property = fc.asyncProperty(fc.integer(), async (seed) => {
    expect(await composedIn(parentsFirst(seededRandom(seed).shuffle(environments)))).toEqual(expected);
  });
  await fc.assert(property, { numRuns: 40 });
});

/** What everything is composed to once it is published in that order, and who had to follow did. */
async function composedIn(revisions: readonly Revision[]): Promise<Record<string, Composition>> {
  const hands = new GraphHands(new MemoryStore());
  for (const revision of revisions) {
    await hands.apply(revision);
    await follow(hands);
  }
  const composed: Record<string, Composition> = {};
  for (const { env } of [...revisions].sort((a, b) => compareText(a.env, b.env))) {
    const { generation = 0 } = (await hands.environment(env)) ?? {};
    const reply = await hands.ask({ kind: 'environment-detail', env, at: generation });
    const bytes = reply.kind === 'environment-detail' ? reply.item.artifacts.composition?.bytes : undefined;
    const { derivation: _, ...composition } = JSON.parse(must(bytes, `${env} is composed`)) as Composition;
    composed[env] = composition as Composition;
  }
  return composed;
}

/** Timers are fired, and what they derive is realised, until nothing is left to follow. */
async function follow(hands: GraphHands): Promise<void> {
  for (let rounds = 0; rounds < 20; rounds++) {
    const timers = await hands.graph.store.scan<TimerDocument>('timers', { prefix: '' });
    if (timers.length === 0) return;
    await fireTimers(hands.graph, 16);
    for (const { env } of environments) {
      const open = (await hands.environment(env))?.open ?? [];
      for (const generation of open) await hands.realise(env, generation);
    }
  }
  throw new Error('the environments follow each other without an end');
}

/** A parent has to be known before its child (protocol 4). */
function parentsFirst(revisions: readonly Revision[]): Revision[] {
  const sorted: Revision[] = [];
  const visit = (revision: Revision): void => {
    const parent = revisions.find(({ env }) => env === revision.parent?.env);
    if (parent !== undefined && !sorted.includes(parent)) visit(parent);
    if (!sorted.includes(revision)) sorted.push(revision);
  };
  revisions.forEach(visit);
  return sorted;
}
