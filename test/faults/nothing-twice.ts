import { expect } from 'vitest';
import type { FaultHouse } from './fault-house.ts';
import { startedTwice } from './started-twice.ts';

/**
 * Fails where something of an environment's first generation happened twice, or is left over: in the file of starts, in
 * the process table, or in the journal.
 */
export async function nothingTwice(house: FaultHouse, env: string): Promise<void> {
  expect(await startedTwice(house, env)).toEqual([]);
  const { inventory } = await house.detail(env);
  const recorded = inventory.instances.map(({ pid }) => pid).sort((a, b) => a - b);
  expect(house.programs(env).map(({ pid }) => pid)).toEqual(recorded);
  const journal = await house.journal(env);
  expect(journal.map(({ n }) => n)).toEqual(journal.map((_, index) => index + 1));
  const done = journal.flatMap(({ event }) => (event.type === 'done' ? [event.job] : []));
  expect(new Set(done).size).toBe(done.length);
  expect(journal.filter(({ event }) => event.type === 'finished')).toHaveLength(1);
}
