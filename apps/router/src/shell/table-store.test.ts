import { describe, expect, test } from 'vitest';
import { aTable } from '../testing/tables.ts';
import { InFlight } from './in-flight.ts';
import { TableStore } from './table-store.ts';

describe('TableStore', () => {
  test('knows which environment a context value selects, for as long as its table says so', () => {
    const tables = new TableStore();
    tables.put(aTable('team', { root: 'shop', context: { value: 'a' } }), 1);
    expect(tables.selected('shop', 'a')).toBe('team');
    expect(tables.selected('other', 'a')).toBeUndefined();
    tables.put(aTable('team', { root: 'shop', generation: 2, context: { value: 'b' } }), 2);
    expect([tables.selected('shop', 'a'), tables.selected('shop', 'b')]).toEqual([undefined, 'team']);
    tables.remove('team', 3);
    expect(tables.selected('shop', 'b')).toBeUndefined();
    expect(tables.table('team')).toBeUndefined();
  });

  test('knows the values of deleted environments, until they select something again', () => {
    const tables = new TableStore();
    const team = (part: Parameters<typeof aTable>[1]) =>
      aTable('team', { root: 'shop', context: { value: 'a' }, ...part });
    tables.put(team({}), 1);
    expect(tables.expired('shop', 'a')).toBe(false);
    tables.put({ ...team({ epoch: 2 }), expired: true }, 2);
    expect([tables.selected('shop', 'a'), tables.table('team'), tables.expired('shop', 'a')]).toEqual([
      undefined,
      undefined,
      true,
    ]);
    expect([tables.expired('shop', 'b'), tables.expired('other', 'a'), tables.revision('team')]).toEqual([
      false,
      false,
      2,
    ]);
    tables.put(team({ epoch: 3, generation: 0 }), 3);
    expect([tables.selected('shop', 'a'), tables.expired('shop', 'a')]).toEqual(['team', false]);
  });

  test('does not let a removed environment take a value away that is another one’s by now', () => {
    const tables = new TableStore();
    tables.put(aTable('old', { root: 'shop', context: { value: 'a' } }), 1);
    tables.put(aTable('new', { root: 'shop', context: { value: 'a' } }), 2);
    tables.remove('old', 3);
    expect(tables.selected('shop', 'a')).toBe('new');
  });

  test('takes no table of an older epoch, nor of an older generation of the same one', () => {
    const tables = new TableStore();
    expect(tables.put(aTable('shop', { epoch: 3, generation: 5 }), 9)).toBe(true);
    expect(tables.put(aTable('shop', { epoch: 2, generation: 6 }), 1)).toBe(false);
    expect(tables.put(aTable('shop', { epoch: 3, generation: 4 }), 2)).toBe(false);
    expect(tables.table('shop')?.table.generation).toBe(5);
    expect(tables.revision('shop')).toBe(9);
    expect(tables.put(aTable('shop', { epoch: 4, generation: 0 }), 3)).toBe(true);
  });

  test('confirms a revision once it has it, a deletion too', async () => {
    const tables = new TableStore();
    const reached = tables.reached('shop', 7, 10_000);
    tables.put(aTable('shop'), 6);
    tables.put(aTable('shop', { generation: 2 }), 8);
    expect(await reached).toBe(8);
    expect(await tables.reached('shop', 9, 5)).toBe(8);
    tables.remove('shop', 9);
    expect(await tables.reached('shop', 9, 10_000)).toBe(9);
  });

  test('confirms nothing that it read from a bus before, and keeps its tables', async () => {
    const tables = new TableStore();
    tables.put(aTable('shop'), 57);
    tables.forgetRevisions();
    expect(tables.table('shop')).toBeDefined();
    expect(await tables.reached('shop', 3, 5)).toBe(0);
    tables.put(aTable('shop'), 3);
    expect(await tables.reached('shop', 3, 10_000)).toBe(3);
  });
});

describe('InFlight', () => {
  test('idle() waits for the named instances of the environment and for no others', async () => {
    const inFlight = new InFlight();
    const ends = [inFlight.begin('shop', 'web-1'), inFlight.begin('shop', 'web-1'), inFlight.begin('shop', 'web-2')];
    inFlight.begin('team', 'web-1');
    let settled = false;
    const idle = inFlight.idle('shop', ['web-1', 'web-3'], 10_000).then((open) => {
      settled = true;
      return open;
    });
    ends[0]?.();
    ends[0]?.(); // a second end of one request ends no other
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    ends[1]?.();
    expect(await idle).toBe(0);
    expect(inFlight.open('shop', ['web-2'])).toBe(1);
  });

  test('idle() settles with what is open when the time is over, or when nobody waits any more', async () => {
    const inFlight = new InFlight();
    inFlight.begin('shop', 'web-1');
    expect(await inFlight.idle('shop', ['web-1'], 5)).toBe(1);
    const idle = inFlight.idle('shop', ['web-1'], 10_000);
    inFlight.changes.close();
    expect(await idle).toBe(1);
  });
});
