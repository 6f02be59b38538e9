import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  bootId,
  isSameProcess,
  ownerIdentity,
  parseStat,
  processStartTime,
  processState,
  requireLinux,
} from './process-identity.ts';

describe('process identity', () => {
  test('parseStat() reads past a name with spaces and brackets', () => {
    const fields = Array.from({ length: 50 }, (_, index) => String(index + 3));
    const line = `77 (a) b (c) S ${fields.slice(1).join(' ')}`;
    expect(parseStat(line)).toEqual({ state: 'S', startTime: '22' });
    expect(parseStat('77 (sh')).toBeUndefined();
  });

  test('ownerIdentity() is this process and isSameProcess() knows it', () => {
    const owner = ownerIdentity();
    expect(owner.pid).toBe(process.pid);
    expect(owner.startTime).toBe(readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ')[19]);
    expect(isSameProcess(owner)).toBe(true);
  });

  test('isSameProcess() refuses another start time and another boot', () => {
    const owner = ownerIdentity();
    expect(isSameProcess({ ...owner, startTime: `${owner.startTime}1` })).toBe(false);
    expect(isSameProcess({ ...owner, bootId: 'another' })).toBe(false);
  });

  test('a zombie counts as ended', async () => {
    // The shell's child ends at once, and sleep, which takes the shell's place, never reaps it.
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (bytes) => resolve(Number(bytes))));
      const isZombie = (): boolean => / \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      while (!isZombie()) await turn();
      expect(processState(pid)).toBeUndefined();
      expect(processStartTime(pid)).toBeUndefined();
      expect(processState(parent.pid ?? 0)).toMatch(/^[RSD]$/);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  test('nobody has the process id 0, and ids of no process have no state', () => {
    expect(processState(0)).toBeUndefined();
    expect(processState(-1)).toBeUndefined();
    expect(processStartTime(2 ** 30)).toBeUndefined();
  });

  test('bootId() stays the same', () => {
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(bootId()).toBe(bootId());
  });

  test('requireLinux() names the platform', () => {
    expect(() => requireLinux('darwin')).toThrow('Cannot run processes on "darwin"');
    expect(() => requireLinux('linux')).not.toThrow();
  });
});
