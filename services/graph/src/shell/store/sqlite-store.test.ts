import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { graphStoreContract } from '../../testing/store-contract.ts';
import { openSqliteStore } from './sqlite-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'msx-store-'));
let files = 0;
const newPath = (): string => join(folder, `graph-${++files}.db`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the SQLite store', () => {
  graphStoreContract(() => openSqliteStore(newPath()));

  test('keeps what was committed over a restart', async () => {
    const path = newPath();
    {
      await using store = await openSqliteStore(path);
      await store.commit({ guards: [], puts: [{ collection: 'meta', key: 'bus', body: 7 }], removes: [], appends: [] });
    }
    await using store = await openSqliteStore(path);
    expect((await store.get('meta', 'bus'))?.body).toBe(7);
  });

  test('refuses a second writer and names the first', async () => {
    const path = newPath();
    await using _first = await openSqliteStore(path);
    await expect(openSqliteStore(path)).rejects.toThrow(
      `Cannot open the graph store "${path}": process ${process.pid} on`,
    );
  });

  test('rejects calls after its end', async () => {
    const store = await openSqliteStore(newPath());
    await store[Symbol.asyncDispose]();
    await expect(store.get('meta', 'bus')).rejects.toThrow('it is closed');
  });

  test('commits that come together see each other in their order, and one that fails spoils no other', async () => {
    await using store = await openSqliteStore(newPath());
    const nothing = { guards: [], puts: [], removes: [], appends: [] };
    const at = (key: string) => ({ collection: 'environments', key }) as const;
    const put = (key: string, body: unknown) => ({ ...nothing, puts: [{ ...at(key), body }] });
    const results = await Promise.allSettled([
      store.commit(put('default/a', 1)),
      store.commit({ ...put('default/b', 2), guards: [{ ...at('default/a'), version: 0 }] }),
      store.commit(put('default/c', 3)),
      store.commit({ ...put('default/d', 4), appends: [{ log: 'outbox', org: 'default', body: undefined }] }),
      store.commit({ ...put('default/e', 5), guards: [{ ...at('default/e'), version: 0 }] }),
    ]);
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value.kind : result.status))).toEqual([
      'committed',
      'conflict',
      'committed',
      'rejected',
      'committed',
    ]);
    const rows = await store.scan('environments', { prefix: 'default/' });
    expect(rows.map(({ key, body }) => [key, body])).toEqual([
      ['default/a', 1],
      ['default/c', 3],
      ['default/e', 5],
    ]);
    const cached = await store.getMany([at('default/a'), at('default/b'), at('default/e')]);
    expect(cached.map((row) => row?.version)).toEqual([rows[0]?.version, undefined, rows[2]?.version]);
  });

  test('hashes an audit leaf as RFC 9162 says', async () => {
    await using store = await openSqliteStore(newPath());
    await store.commit({
      guards: [],
      puts: [],
      removes: [],
      appends: [{ log: 'audit', org: 'o', body: { b: 1, a: 2 } }],
    });
    const [row] = await store.readLog('audit', { org: 'o' });
    expect(row?.leafHash).toBe(
      createHash('sha256')
        .update(Buffer.from([0]))
        .update('{"a":2,"b":1,"n":1}')
        .digest('hex'),
    );
  });

  test('a writer killed in mid-write has lost no acknowledged commit, and its lock is free', async () => {
    const path = newPath();
    const store = new URL('./sqlite-store.ts', import.meta.url).href;
    const script = `
      import { openSqliteStore } from ${JSON.stringify(store)};
      const store = await openSqliteStore(${JSON.stringify(path)});
      for (let n = 1; ; n++) {
        await store.commit({ guards: [], puts: [{ collection: 'journal', key: 'o/e/' + String(n).padStart(12, '0'), body: n }],
          removes: [], appends: [{ log: 'audit', org: 'o', body: { n } }] });
        process.stdout.write(n + '\\n');
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let heard = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('the writer ended by itself')));
      child.stdout.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
        if (heard.split('\n').length > 40) resolve();
      });
    });
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const acknowledged = Number(heard.trimEnd().split('\n').at(-1));

    await using reopened = await openSqliteStore(path);
    const journal = await reopened.scan<number>('journal', { prefix: 'o/e/' });
    expect(journal.length).toBeGreaterThanOrEqual(acknowledged);
    expect(journal.map(({ body }) => body)).toEqual(journal.map((_, index) => index + 1));
    expect((await reopened.readLog('audit', { org: 'o' })).map(({ n }) => n)).toEqual(journal.map(({ body }) => body));
  });
});
