import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitCodes } from './exit-codes.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

/** Runs msx with a reader of this output that went away before the first byte. */
async function runUnread(unread: 'stdout' | 'stderr', argv: readonly string[]) {
  const child = spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  child[unread].destroy();
  let said = '';
  (unread === 'stdout' ? child.stderr : child.stdout).on('data', (bytes) => {
    said += String(bytes);
  });
  const [code] = await once(child, 'close');
  return { code, said };
}

test('a reader that has enough ends msx without a word', async () => {
  expect(await runUnread('stdout', ['--help'])).toEqual({ code: exitCodes.ok, said: '' });
});

test('where nobody reads the progress, the exit code says what it would', async () => {
  expect(await runUnread('stderr', ['get', 'pods'])).toEqual({ code: exitCodes.usage, said: '' });
});
