import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '@microstax/model/checkpoint';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { audit } from '../../core/audit.ts';
import type { GraphStore } from '../store/graph-store.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { type AuditKey, openAuditKey } from './audit-key.ts';
import { AuditLog } from './audit-log.ts';
import { CheckpointFiles } from './checkpoint-files.ts';

let folder: string;
let store: GraphStore;
let key: AuditKey;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'msx-audit-log-'));
  store = await openSqliteStore(join(folder, 'graph.db'));
  key = openAuditKey(join(folder, 'key.pem'));
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const filesIn = (name = 'checkpoints') => new CheckpointFiles(join(folder, name));
const newLog = (files = filesIn()) => new AuditLog({ org: 'default', store, key, files, now: () => 7 });
const seal = (log: AuditLog) => log.whenCurrent(() => log.seal());
const named = (size: number) => join(folder, 'checkpoints', 'default', String(size));
async function add(count: number): Promise<void> {
  const body = { at: 1, actor: null, verb: 'revised', subject: 'shop@1', digest: null };
  const appends = Array.from({ length: count }, () => audit('default', body));
  await store.commit({ guards: [], puts: [], removes: [], appends });
}

test('an empty log has no checkpoint, and a log that did not grow no second one', async () => {
  const log = newLog();
  expect(await seal(log)).toBeNull();
  await add(3);
  const first = await seal(log);
  expect(first).toEqual({ size: 3, note: readFileSync(named(3), 'utf8'), at: 7 });
  expect(openCheckpoint(first?.note ?? '', key.publicPem)).toMatchObject({ size: 3 });
  expect(await seal(log)).toBe(first);
});

test('a log of more entries than are read at once is read to its end', async () => {
  await add(1_100);
  expect((await seal(newLog()))?.size).toBe(1_100);
});

test('a checkpoint whose file could not be written is the same one when it can', async () => {
  await add(2);
  writeFileSync(join(folder, 'checkpoints'), 'in the way');
  const log = newLog();
  await expect(seal(log)).rejects.toThrow('checkpoints');
  rmSync(join(folder, 'checkpoints'));
  const made = await seal(log);
  expect(readFileSync(named(2), 'utf8')).toBe(made?.note);
  expect(await log.checkpoints(0, 9, 9)).toEqual([made]);
});

test('a file that is missing at the start is written again, and half a file of a crash is nobody’s checkpoint', async () => {
  await add(2);
  const made = await seal(newLog());
  rmSync(named(2));
  mkdirSync(join(folder, 'checkpoints', 'default'), { recursive: true });
  writeFileSync(`${named(9)}.new`, 'microst');
  expect(await seal(newLog())).toEqual(made);
  expect(readFileSync(named(2), 'utf8')).toBe(made?.note);
  expect(readdirSync(join(folder, 'checkpoints', 'default')).sort()).toEqual(['2', '9.new']);
});

test('of two that sign one size, the first one’s checkpoint counts for both', async () => {
  await add(2);
  const [one, two] = [newLog(filesIn('one')), newLog(filesIn('two'))];
  const [first, second] = await Promise.all([seal(one), seal(two)]);
  expect(first).toEqual(second);
  await add(1);
  expect(await seal(two)).toEqual(await seal(one));
  expect([one.altered, two.altered]).toEqual([null, null]);
});

test.each([
  ['says something else about these entries', 2, 'entries 1 to 2 are not those that the checkpoint of 2 entries'],
  ['is of more entries than there are', 7, 'a checkpoint of 7 entries was signed, the log has 2: entry 3 is missing'],
])('a checkpoint beside the store that %s stops all signing', async (_, signed, sentence) => {
  await add(signed);
  await seal(newLog());
  await using other = await openSqliteStore(join(folder, 'other.db'));
  const claimed = audit('default', { at: 2, actor: null, verb: 'claimed', subject: 'shop@1', digest: null });
  await other.commit({ guards: [], puts: [], removes: [], appends: [claimed, claimed] });
  const log = new AuditLog({ org: 'default', store: other, key, files: filesIn(), now: () => 7 });
  expect(await seal(log)).toBeNull();
  expect(log.altered).toContain(sentence);
  expect(await other.scan('meta', { prefix: '' })).toEqual([]);
});

test('work that nobody waits for any more ends between two pages', async () => {
  await add(2);
  await expect(newLog().whenCurrent(async () => 'read', AbortSignal.abort())).rejects.toThrow('aborted');
});
