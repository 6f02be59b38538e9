import type { Query } from '@microstax/contracts/queries';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { begin, historyEnvs, historySteps, take } from '../testing/random-history.ts';

const questions = (env: string, at: number): readonly Query[] => [
  { kind: 'environments', env, at },
  { kind: 'environment-detail', env, at },
  { kind: 'revisions', env, at },
  { kind: 'activations', env, at },
  { kind: 'executions', env, at },
  { kind: 'journal', env, at },
  { kind: 'services', env, at },
  { kind: 'durations', env, at },
  { kind: 'submissions', env, at },
  { kind: 'graph', env, at },
  { kind: 'lineage', env, at },
  { kind: 'difference', env, at, to: { env, at } },
  { kind: 'graph', env, at },
  { kind: 'lineage', env, at },
  { kind: 'difference', env, at, to: { env: 'base', at: 1 } },
];

test('a read as of a generation equals the read when that generation was new, after any later history', async () => {
  let compared = 0;
  const property = fc.asyncProperty(historySteps, async (steps) => {
    const hands = new GraphHands(new MemoryStore());
    const seen = new Map<string, { readonly query: Query; readonly reply: string }>();
    const ask = async (query: Query): Promise<string> => JSON.stringify(await hands.ask(query));
    await begin(hands);
    for (const step of steps) {
      await take(hands, step);
      for (const env of historyEnvs) {
        const known = await hands.environment(env);
        if (known === null || known.open.length > 0) continue;
        if (env !== step.env && seen.has(`journal ${env} ${known.generation}`)) continue;
        for (const query of questions(env, known.generation))
          seen.set(`${query.kind} ${env} ${known.generation}`, { query, reply: await ask(query) });
      }
    }
    for (const { query, reply } of seen.values()) {
      expect(JSON.parse(await ask(query)), JSON.stringify(query)).toEqual(JSON.parse(reply));
      compared++;
    }
  });
  await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 8_000 });
  expect(compared).toBeGreaterThan(30);
});

test('a status as of the newest generation is the present status', async () => {
  const hands = new GraphHands(new MemoryStore());
  await hands.apply(aRevision('base', { services: [aService('web')] }));
  await hands.command('base', 'stop');
  await hands.realise('base', 2);
  await hands.command('base', 'resume');
  await hands.realise('base', 3, 'failed');

  const now = await hands.ask({ kind: 'environments', env: 'base' });
  const asOf = await hands.ask({ kind: 'environments', env: 'base', at: 3 });

  const { updatedAt: _, ...status } = 'items' in now ? (now.items[0] as Record<string, unknown>) : {};
  expect(asOf).toMatchObject({ items: [status] });
});

test('a read at a generation that never was names those that were', async () => {
  const hands = new GraphHands(new MemoryStore());
  await hands.apply(aRevision('base', { services: [aService('web')] }));
  for (const query of questions('base', 9))
    expect(await hands.ask(query)).toEqual({ kind: 'not found', what: 'generation 9 of "base"', known: ['1'] });
  for (const query of questions('nowhere', 1))
    expect(await hands.ask(query)).toEqual({ kind: 'not found', what: 'environment "nowhere"', known: ['base'] });
});

test('what was submitted for an environment that never came to be can be read', async () => {
  const hands = new GraphHands(new MemoryStore());
  await hands.command('nowhere', 'stop');
  expect(await hands.ask({ kind: 'submissions', env: 'nowhere' })).toMatchObject({ items: [{ env: 'nowhere' }] });
});
