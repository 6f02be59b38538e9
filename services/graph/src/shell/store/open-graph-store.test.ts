import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ArangoStandIn } from './arango-stand-in.ts';
import { openGraphStore } from './open-graph-store.ts';

test('openGraphStore() opens the file where no server is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'msx-open-'));
  try {
    await using store = await openGraphStore({ databasePath: join(folder, 'graph.db') });
    expect(await store.get('meta', 'bus')).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('openGraphStore() opens ArangoDB where one is named, and makes no file', async () => {
  await using standIn = await ArangoStandIn.start();
  const { url, password } = standIn;
  const arango = { urls: [url], database: 'msx', user: 'root', password };
  await using store = await openGraphStore({ databasePath: '/dev/null/nowhere/graph.db', arango });
  expect(await store.get('meta', 'bus')).toBeUndefined();
  expect(standIn.databases.has('msx')).toBe(true);
});
