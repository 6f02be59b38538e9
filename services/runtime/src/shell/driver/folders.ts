import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultOrg } from '@microstax/model/names';
import type { Scope } from './driver.ts';

/** Where the process driver keeps things, all below one folder of its own. */
export type Folders = {
  /** lock, epoch, instances: what the shim reads and writes. */
  readonly fence: string;
  readonly records: string;
  readonly logs: string;
  readonly secrets: string;
  readonly data: string;
  /** They outlive the environment. */
  readonly snapshots: string;
};

export function foldersOf(dataDir: string, { org, env }: Scope): Folders {
  // A dot stands in no token, so two organisations never share a folder.
  const scope = fileName(org === defaultOrg ? env : `${org}.${env}`);
  const fence = join(dataDir, 'run', scope);
  return {
    fence,
    records: join(fence, 'instances'),
    logs: join(dataDir, 'logs', scope),
    secrets: join(dataDir, 'secrets', scope),
    data: join(dataDir, 'data', scope),
    snapshots: join(dataDir, 'snapshots', scope),
  };
}

/** Makes what a start needs; secrets and data are made when they are used. */
export async function makeFolders(folders: Folders): Promise<void> {
  await mkdir(folders.records, { recursive: true });
  await mkdir(folders.logs, { recursive: true });
}

const nameCharsMax = 120; // well below the 255 bytes of a file system, with room for a suffix

/** A name as one path segment: kept where it is harmless and short, else its digest. */
export function fileName(name: string): string {
  if (name.length <= nameCharsMax && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name;
  return `name-${hash('sha256', name, 'hex').slice(0, 32)}`;
}
