import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '@microstax/model/canonical-json';
import { afterAll, expect, test } from 'vitest';
import { openAuditKey } from '../../services/graph/src/shell/audit/audit-key.ts';
import { AuditLog } from '../../services/graph/src/shell/audit/audit-log.ts';
import { CheckpointFiles } from '../../services/graph/src/shell/audit/checkpoint-files.ts';
import { openSqliteStore } from '../../services/graph/src/shell/store/sqlite-store.ts';
import { verifyAudit } from '../../services/graph/src/testing/verify-audit.ts';
import { counted, times } from './config.ts';

const kills = times(10, 50);
const writer = join(import.meta.dirname, 'programs', 'audit-writer.ts');
const folder = mkdtempSync(join(tmpdir(), 'msx-audit-kills-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(`a writer killed ${kills} times in mid-commit leaves a log that an outsider verifies, with all that was said`, async () => {
  let [entries, checkpoint] = [0, 0];
  for (let kill = 0; kill < kills; kill++) {
    const said = await runAndKill(3 + ((kill * 7) % 20));
    entries = Math.max(entries, ...said.entries);
    checkpoint = Math.max(checkpoint, ...said.checkpoints);
  }
  expect(entries).toBeGreaterThan(kills);

  const whole = await exported();
  expect(whole.entries.length).toBeGreaterThanOrEqual(entries);
  const kept = join(folder, 'checkpoints', 'default');
  const files = readdirSync(kept).filter((name) => !name.endsWith('.new'));
  expect(files.map(Number)).toContain(checkpoint);
  const held = files.map((name) => readFileSync(join(kept, name), 'utf8'));
  const { code, out, err } = verifyAudit(whole, { key: whole.publicKey, held });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  counted('audit kills', { kills, entries: whole.entries.length, checkpoints: held.length, verifier: out.trim() });
});

/** Lets it write until it has said so many lines, and kills it while it writes the next; gives what it said. */
async function runAndKill(lines: number): Promise<{ entries: readonly number[]; checkpoints: readonly number[] }> {
  const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (out.split('\n').length > lines) child.kill('SIGKILL');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  expect(signal, err).toBe('SIGKILL');
  const numbers = (what: string) => [...out.matchAll(new RegExp(`^${what} (\\d+)\n`, 'gm'))].map(([, n]) => Number(n));
  return { entries: numbers('entry'), checkpoints: numbers('checkpoint') };
}

async function exported() {
  await using store = await openSqliteStore(join(folder, 'graph.db'));
  const key = openAuditKey(join(folder, 'key.pem'));
  const files = new CheckpointFiles(join(folder, 'checkpoints'));
  const log = new AuditLog({ org: 'default', store, key, files, now: () => 0 });
  await log.whenCurrent(() => log.seal());
  expect(log.altered).toBeNull();
  const rows = await log.rows(0, Number.MAX_SAFE_INTEGER);
  return {
    format: 'microstax-audit-export/v1',
    org: 'default',
    origin: 'microstax/default',
    publicKey: key.publicPem,
    entries: rows.map(({ n, body, leafHash }) => ({ n, entry: canonicalJson(body), leafHash })),
    checkpoints: (await log.checkpoints(0, rows.length, rows.length)).map(({ note }) => note),
  };
}
