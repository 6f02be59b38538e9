import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SnapshotItem } from '@microstax/contracts/data-requests';
import { filesDigest, type SnapshotFile, snapshotDigest } from '@microstax/model/snapshot';
import { isInside } from '../../../core/data/seed-manifest.ts';
import { fileName } from '../folders.ts';

/** `manifest.json` of a stored snapshot: what the graph records, and the files that it vouches for. */
type Manifest = {
  readonly snapshot: SnapshotItem;
  readonly files: Readonly<Record<string, readonly SnapshotFile[]>>;
};

/** Where one service's part of a snapshot stands. */
export function partFolder(folder: string, service: string): string {
  return join(folder, fileName(service));
}

/** A folder that becomes a snapshot as a whole, or not at all. */
export async function draftSnapshot(snapshots: string): Promise<string> {
  const draft = join(snapshots, `.${randomBytes(6).toString('hex')}`); // no name begins with a dot
  await mkdir(draft, { recursive: true, mode: 0o700 });
  return draft;
}

/** False where there is a snapshot of that name. */
export async function publishSnapshot(draft: string, folder: string, manifest: Manifest): Promise<boolean> {
  await writeFile(join(draft, 'manifest.json'), JSON.stringify(manifest), { mode: 0o600, flush: true });
  try {
    await rename(draft, folder);
    return true;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await rm(draft, { recursive: true, force: true });
    return false;
  }
}

export type StoredPart =
  | { readonly kind: 'intact'; readonly folder: string; readonly files: readonly SnapshotFile[] }
  | { readonly kind: 'damaged'; readonly reason: string };

/** Reads every byte of one service's part and compares it with what was recorded. */
export async function readPart(folder: string, recorded: SnapshotItem, service: string): Promise<StoredPart> {
  const name = `${recorded.env}/${recorded.name}`;
  const damaged = (why: string): StoredPart => ({ kind: 'damaged', reason: `snapshot ${name} is damaged: ${why}` });
  const manifest = await readManifest(folder);
  if (manifest === undefined)
    return {
      kind: 'damaged',
      reason: `snapshot ${name} cannot be read in ${JSON.stringify(dirname(folder))}: it has no manifest there`,
    };
  const { digest, ...body } = manifest.snapshot;
  if (digest !== recorded.digest || snapshotDigest(body) !== recorded.digest)
    return damaged('its manifest is not the one that was recorded');
  const part = recorded.services.find((one) => one.service === service);
  const files = manifest.files[service] ?? [];
  if (part === undefined || filesDigest(files) !== part.files)
    return damaged(`the list of files of "${service}" is not the one that was recorded`);
  const place = partFolder(folder, service);
  for (const { path, bytes, sha256 } of files) {
    if (!isInside(path)) return damaged(`${JSON.stringify(path)} is no path of a snapshot`);
    const found = await checksum(join(place, path)).catch(() => undefined);
    if (found === undefined) return damaged(`${service}/${path} cannot be read`);
    if (found.sha256 !== sha256)
      return damaged(
        `${service}/${path} has checksum ${found.sha256.slice(0, 12)} and ${found.bytes} bytes, recorded are ${sha256.slice(0, 12)} and ${bytes}`,
      );
  }
  return { kind: 'intact', folder: place, files };
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '');
  try {
    const value = JSON.parse(text) as Manifest;
    return typeof value.snapshot?.digest === 'string' && typeof value.files === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

export async function checksum(file: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}
