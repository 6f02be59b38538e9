import type { RouteTable } from '@microstax/model/route-table';
import { expect, test } from 'vitest';
import { writeRoutes } from './route-key.ts';
import { MemoryBucket } from './testing/memory-bucket.ts';

const about = { org: 'default', env: 'shop', epoch: 2 };
const context = { value: 'shop', headerName: 'x-msx-env', unknown: 'baseline', root: 'shop', parent: null } as const;

function aTable(draft: Partial<RouteTable> = {}): RouteTable {
  const empty = { listeners: [], records: [], endpoints: [] };
  return { org: 'default', env: 'shop', epoch: 2, generation: 1, context, ...empty, ...draft };
}

test('writeRoutes() believes a guess, and reads where the guess was wrong', async () => {
  const tables = new MemoryBucket();
  const first = await writeRoutes(tables, about, () => aTable(), 'absent');
  const second = await writeRoutes(tables, about, () => aTable({ generation: 2 }), 'absent');
  const third = await writeRoutes(
    tables,
    about,
    () => aTable({ generation: 3 }),
    'entry' in first ? first.entry : 'absent',
  );
  expect([first, second, third].map(({ kind }) => kind)).toEqual(['written', 'written', 'written']);
  expect((await tables.get<RouteTable>('default.shop'))?.value.generation).toBe(3);
});

test('writeRoutes() sees a newer owner behind a wrong guess', async () => {
  const tables = new MemoryBucket();
  await tables.put('default.shop', aTable({ epoch: 3 }));
  expect(await writeRoutes(tables, about, () => aTable(), 'absent')).toEqual({ kind: 'fenced', epoch: 3 });
});

test('writeRoutes() writes a table that the bus forgot, also where the guess says the same', async () => {
  const tables = new MemoryBucket();
  const entry = { key: 'default.shop', value: aTable(), revision: 7 };
  await writeRoutes(tables, about, () => aTable(), entry);
  expect((await tables.get<RouteTable>('default.shop'))?.value).toEqual(aTable());
});
