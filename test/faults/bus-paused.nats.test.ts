import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { delay } from '@microstax/service/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteStore } from '../../services/graph/src/shell/store/sqlite-store.ts';
import { counted, isLong, times } from './config.ts';
import { nothingTwice } from './nothing-twice.ts';
import { eventually } from './patience.ts';
import { type SplitHouse, startSplitHouse } from './split-house.ts';

/** nats-server stands still in the midst of activations: nothing advances; when it wakes, everything does. */

const activations = times(4, 20);
const settleMs = 1_000; // between two looks: a job that was under way when the bus stopped may end in the world
const leaseMs = isLong ? 15_000 : 3_000;
const pausedMs = 2.5 * leaseMs; // nobody can be heard for more than two leases

let split: SplitHouse;
beforeAll(async () => {
  split = await startSplitHouse({ env: { MSX_LEASE: `${leaseMs}ms` } });
  const { baseline, chain } = split.house.blueprints;
  await split.house.activate(baseline('base', chain()));
});
afterAll(() => split?.[Symbol.asyncDispose]());

test(`while the bus is paused under ${activations} activations nothing advances, afterwards everything does`, async () => {
  const { house } = split;
  const { overlay, service } = house.blueprints;
  const envs = Array.from({ length: activations }, (_, index) => `p-${index}`);
  // They follow each other closely, so that the pause meets them at different stages.
  for (const [index, env] of envs.entries()) {
    if (index > 0) await delay(60);
    await house.send(overlay(env, 'base', [service('api', { version: env, dependsOn: ['db'], delayMs: 200 })]));
  }
  await split.pauseBus();
  const before = await stillWorld();
  expect(before.programs.length).toBeLessThan(3 + activations); // some were not yet started
  await delay(pausedMs); // the fault itself
  expect(await worldOf(split)).toEqual(before);
  split.resumeBus();

  const resumedAt = performance.now();
  for (const env of envs) {
    const activation = await house.outcome(env, 1);
    expect(activation, activation.reason).toMatchObject({ outcome: 'ready' });
  }
  const ms = Math.round(performance.now() - resumedAt);
  const takeovers: string[] = [];
  for (const env of envs) {
    await nothingTwice(house, env);
    for (const { event } of await house.journal(env)) if (event.type === 'taken over') takeovers.push(event.reason);
  }
  const startedBefore = before.programs.length - 3;
  counted('bus paused', {
    pausedMs,
    startedBefore,
    allReadyAfterMs: ms,
    takeovers: takeovers.length,
    ...(await house.closeBooks()),
  });
  // protocol 22: silence is not measured while the bus is away. A claim whose answer was lost is taken over by its owner.
  expect(takeovers.filter((reason) => reason !== 'its owner did not hear that it owns it')).toEqual([]);
});

/** Settles once two looks at the world see the same. */
async function stillWorld() {
  let last = await worldOf(split);
  return eventually(
    async () => {
      const now = await worldOf(split);
      const isStill = isDeepStrictEqual(now, last);
      last = now;
      return isStill && now;
    },
    { intervalMs: settleMs, message: 'what was under way has ended' },
  );
}

/** What would change if anything advanced: the pointers, activations and journals of the store, and the process table. */
async function worldOf({ house }: SplitHouse) {
  const copy = join(house.dataDir, 'copy');
  await mkdir(copy, { recursive: true });
  for (const file of ['graph.db', 'graph.db-wal']) await cp(join(house.dataDir, file), join(copy, file));
  await using store = await openSqliteStore(join(copy, 'graph.db'));
  const rows = await Promise.all(
    (['environments', 'activations', 'executions', 'journal'] as const).map((name) => store.scan(name, { prefix: '' })),
  );
  const written = rows.flat().map(({ collection, key, version }) => `${collection} ${key} ${version}`);
  return { written, programs: house.programs().map(({ pid }) => pid) };
}
