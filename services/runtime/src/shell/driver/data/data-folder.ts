// Owns: copies of data directories.
// 1. A copy has regular files, folders and links that stay inside; sockets and pipes belong to who made them.
// 2. A database of SQLite is copied by its online backup, so that the copy is a whole one whoever writes meanwhile.
import {
  chmod,
  chown,
  copyFile,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  symlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotEngine, SnapshotFile } from '@microstax/model/snapshot';
import { sqliteTask } from './sqlite-task.ts';
import { checksum } from './stored-snapshot.ts';

/** A PostgreSQL cluster tells itself by PG_VERSION, at the top of the directory or one level below. */
export async function engineOf(folder: string): Promise<SnapshotEngine> {
  for (const place of [folder, ...(await foldersIn(folder))])
    if (await isThere(join(place, 'PG_VERSION'))) return 'postgres';
  return 'folder';
}

/** Databases of SQLite below a folder, by relative path. */
export async function sqliteFiles(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path, kind } of await entriesOf(folder))
    if (kind === 'file' && (await isSqlite(join(folder, path)))) found.push(path);
  return found;
}

/** What else is kept there than databases of SQLite and their companions. */
export async function otherFiles(folder: string): Promise<readonly string[]> {
  const databases = await sqliteFiles(folder);
  const files = (await entriesOf(folder)).filter(({ kind }) => kind !== 'folder').map(({ path }) => path);
  return files.filter((path) => !databases.includes(path) && !isCompanion(path, databases));
}

/** Copies a data directory with owners and modes. `signal` ends it between two files. */
export async function copyFolder(from: string, to: string, signal?: AbortSignal): Promise<readonly SnapshotFile[]> {
  await copyEntries(from, to, { signal, databases: await sqliteFiles(from) });
  const files: SnapshotFile[] = [];
  for (const { path, kind } of await entriesOf(to))
    if (kind === 'file') files.push({ path, ...(await checksum(join(to, path))) });
  return files;
}

/** The same of what nobody writes to: byte by byte. */
export async function copyAtRest(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await copyEntries(from, to, { signal, databases: [] });
}

async function copyEntries(
  from: string,
  to: string,
  { signal, databases }: { readonly signal: AbortSignal | undefined; readonly databases: readonly string[] },
): Promise<void> {
  await mkdir(to, { recursive: true });
  if (await isThere(from)) await keepOwner(from, to);
  for (const { path, kind } of await entriesOf(from)) {
    signal?.throwIfAborted();
    const [source, target] = [join(from, path), join(to, path)];
    if (isCompanion(path, databases)) continue;
    if (kind === 'link') await copyLink(source, target, path);
    else if (kind === 'folder') await mkdir(target, { recursive: true });
    else if (databases.includes(path)) await sqliteTask({ kind: 'backup', file: source, target });
    else await copyFile(source, target);
    if (kind !== 'link') await keepOwner(source, target);
  }
}

type Entry = { readonly path: string; readonly kind: 'file' | 'folder' | 'link' };

/** Folders before what is in them, sorted. */
async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = entries.flatMap((entry): Entry[] => {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (entry.isFile()) return [{ path, kind: 'file' }];
    if (entry.isDirectory()) return [{ path, kind: 'folder' }];
    return entry.isSymbolicLink() ? [{ path, kind: 'link' }] : [];
  });
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function copyLink(source: string, target: string, path: string): Promise<void> {
  const to = await readlink(source);
  const depth = path.split('/').length - 1;
  // Each step up has to be one that the link's own place is below.
  if (to.startsWith('/') || to.split('/').filter((step) => step === '..').length > depth)
    throw new DataRefusal(
      `Cannot copy ${JSON.stringify(path)}: it links to ${JSON.stringify(to)}, outside of the data directory`,
    );
  await symlink(to, target);
}

/** What cannot be done with data as it is, in a sentence. */
export class DataRefusal extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'DataRefusal';
  }
}

function isCompanion(path: string, databases: readonly string[]): boolean {
  return ['-wal', '-shm', '-journal'].some(
    (end) => path.endsWith(end) && databases.includes(path.slice(0, -end.length)),
  );
}

const magic = 'SQLite format 3\0';

async function isSqlite(path: string): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { buffer } = await handle.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    return buffer.toString('latin1') === magic;
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}

/** Another owner than ours can be given by the superuser only; then whoever reads it is us. */
async function keepOwner(source: string, target: string): Promise<void> {
  const { uid, gid, mode } = await lstat(source);
  await chmod(target, mode & 0o7777);
  await chown(target, uid, gid).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPERM') throw error;
  });
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
