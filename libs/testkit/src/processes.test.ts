import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { processesWith } from './processes.ts';

describe('processesWith()', () => {
  test('finds a process by its environment while it lives', async () => {
    const marker = `msx-marker-${process.pid}-${Date.now()}`;
    const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
      env: { ...process.env, MSX_TEST_MARKER: marker },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(processesWith(marker)).toEqual([child.pid]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processesWith(marker)).toEqual([]);
  });

  test('refuses a marker that would find strangers', () => {
    expect(() => processesWith('node')).toThrow('so short a marker');
  });
});
