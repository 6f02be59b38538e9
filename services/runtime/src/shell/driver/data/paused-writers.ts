// Owns: processes that are paused while data is copied.
// 1. Who is paused stands in a file first, so that whoever looks after the environment next lets it go on, should this
//    process end in between.
// 2. Nobody is paused for longer than `pausedMsMax`.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceRecord } from '@microstax/model/journal';
import { isSameProcess } from '@microstax/service/process-identity';
import type { Folders } from '../folders.ts';
import { DataRefusal } from './data-folder.ts';

type Known = Pick<InstanceRecord, 'pid' | 'startTime' | 'bootId'>;

const pausedMsMax = 60_000; // callers give up about then
const ours = new Set<string>();

/** Pauses process groups in this order while `work` runs, and lets them go on in the opposite one. */
export async function whilePaused<T>(
  folders: Folders,
  instances: readonly InstanceRecord[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (instances.length === 0) return work(new AbortController().signal);
  const file = fileOf(folders);
  const known = instances.map(({ pid, startTime, bootId }): Known => ({ pid, startTime, bootId }));
  ours.add(file);
  try {
    await writeFile(file, JSON.stringify(known), { mode: 0o600 });
    for (const one of known) signal(one, 'SIGSTOP');
    const limit = AbortSignal.timeout(pausedMsMax);
    try {
      return await work(limit);
    } catch (error) {
      if (!limit.aborted) throw error;
      throw new DataRefusal(`it took longer than ${pausedMsMax / 1_000} s, and nothing may be paused for longer`);
    }
  } finally {
    for (const one of known.toReversed()) signal(one, 'SIGCONT');
    await rm(file, { force: true });
    ours.delete(file);
  }
}

/** Lets go on what a predecessor paused and left. */
export async function releasePaused(folders: Folders): Promise<void> {
  const file = fileOf(folders);
  if (ours.has(file)) return;
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  try {
    for (const one of JSON.parse(text) as readonly Known[]) signal(one, 'SIGCONT');
  } catch {
    // half a file was written before anybody was paused
  }
  await rm(file, { force: true });
}

function fileOf({ fence }: Folders): string {
  return join(fence, 'paused.json');
}

function signal(one: Known, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (!isSameProcess(one)) return;
  try {
    process.kill(-one.pid, name);
  } catch {
    // it has ended
  }
}
