import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultOrg, isToken } from '@microstax/model/names';
import { isSameProcess } from '@microstax/service/process-identity';
import type { FoundEnvironment } from '../../core/orphans.ts';
import type { Scope } from './driver.ts';
import { foldersOf } from './folders.ts';
import { readInstances } from './instance-file.ts';

const rooms = ['run', 'logs', 'secrets', 'data'] as const;

/**
 * What the process driver has below its data directory, by environment. Only folders whose name is one of ours, and only
 * processes that a record of the shim names by pid, start time and boot id: anything else is somebody else's.
 */
export async function foundScopes(
  dataDir: string,
  org: string,
): Promise<readonly Omit<FoundEnvironment, 'isRouted'>[]> {
  const folders = new Map<string, string[]>();
  for (const room of rooms) {
    for (const entry of await readdir(join(dataDir, room), { withFileTypes: true }).catch(() => [])) {
      const scope = entry.isDirectory() ? scopeOf(entry.name) : undefined;
      if (scope?.org !== org) continue;
      folders.set(scope.env, [...(folders.get(scope.env) ?? []), `${room}/${entry.name}`]);
    }
  }
  return Promise.all(
    [...folders].map(async ([env, names]) => {
      const records = await readInstances(foldersOf(dataDir, { org, env }).records);
      const instances = records.map((record) => ({ record, lives: isSameProcess(record) }));
      return { env, folders: names, instances };
    }),
  );
}

/** The epoch that an environment's fence was stamped with; 0 where it never was. */
export async function stampedEpoch(dataDir: string, scope: Scope): Promise<number> {
  const text = await readFile(join(foldersOf(dataDir, scope).fence, 'epoch'), 'utf8').catch(() => '');
  return /^\d+\s*$/.test(text) ? Number(text) : 0;
}

// The other way of `foldersOf`.
function scopeOf(folder: string): Scope | undefined {
  const words = folder.split('.');
  const [org, env] = words.length === 1 ? [defaultOrg, words[0]] : words;
  if (words.length > 2 || org === undefined || env === undefined) return undefined;
  return isToken(org) && isToken(env) ? { org, env } : undefined;
}
