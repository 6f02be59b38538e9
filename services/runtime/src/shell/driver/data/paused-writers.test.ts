import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstanceRecord } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import { bootId, processStartTime, processState } from '@microstax/service/process-identity';
import { eventually } from '@microstax/testkit/eventually';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { foldersOf } from '../folders.ts';
import { releasePaused, whilePaused } from './paused-writers.ts';

let dataDir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'msx-paused-'));
  await mkdir(folders().fence, { recursive: true });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

const folders = () => foldersOf(dataDir, { org: 'default', env: 'shop' });

function sleeper(): InstanceRecord {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  children.push(child);
  const pid = must(child.pid, 'sleep was started');
  const startTime = must(processStartTime(pid), 'it lives');
  return {
    id: `web-${pid}`,
    service: 'web',
    runDigest: 'sha256:0',
    pid,
    startTime,
    bootId: bootId(),
    ports: {},
    epoch: 1,
  };
}

test('whilePaused() stops processes for the time of the work, and lets them go on when it fails', async () => {
  const [a, b] = [sleeper(), sleeper()];
  await expect(
    whilePaused(folders(), [a, b], async () => {
      await eventually(() => processState(a.pid) === 'T' && processState(b.pid) === 'T');
      throw new Error('the disk is full');
    }),
  ).rejects.toThrow('the disk is full');
  await eventually(() => processState(a.pid) === 'S' && processState(b.pid) === 'S');
});

test('releasePaused() lets go on what a predecessor left, but not what is being copied', async () => {
  const one = sleeper();
  await whilePaused(folders(), [one], async () => {
    await eventually(() => processState(one.pid) === 'T');
    await releasePaused(folders());
    expect(processState(one.pid)).toBe('T');
  });
  process.kill(one.pid, 'SIGSTOP');
  await eventually(() => processState(one.pid) === 'T');
  const file = join(folders().fence, 'paused.json');
  await writeFile(file, JSON.stringify([one]));
  await releasePaused(folders());
  await eventually(() => processState(one.pid) === 'S');
  await expect(stat(file)).rejects.toThrow('ENOENT');
});
