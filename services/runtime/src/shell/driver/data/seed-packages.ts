import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { SeedItem, SeedsReply } from '@microstax/contracts/data-requests';
import { compareText } from '@microstax/model/compare';
import { compareVersions, readSeedManifest, type SeedManifest } from '../../../core/data/seed-manifest.ts';

const run = promisify(execFile);
const manifestFile = 'seed.json';
const archive = /\.(?:tar|tar\.gz|tgz)$/;
const manifestBytesMax = 256 * 1024;

type Found =
  | { readonly kind: 'package'; readonly path: string; readonly manifest: SeedManifest }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string };

/** Packages below a folder: folders with a `seed.json` up to two levels deep, and tar archives with one at their top. */
export async function seedsIn(folder: string): Promise<SeedsReply> {
  const found = await findAll(folder);
  const items = found.flatMap((one) => (one.kind === 'package' ? [itemOf(folder, one)] : []));
  const unreadable = found.flatMap((one) =>
    one.kind === 'unreadable' ? [{ place: relative(folder, one.path), reason: one.reason }] : [],
  );
  return {
    folder,
    unreadable,
    items: items.sort((a, b) => compareText(a.name, b.name) || compareVersions(a.version, b.version)),
  };
}

export type OpenSeed = AsyncDisposable & { readonly folder: string; readonly manifest: SeedManifest };

/** A package by name and version, the newest where none is said; a text where there is none. */
export async function openSeed(folder: string, name: string, version: string | undefined): Promise<OpenSeed | string> {
  const packages = (await findAll(folder)).filter((one) => one.kind === 'package');
  const named = packages
    .filter(({ manifest }) => manifest.name === name)
    .sort((a, b) => compareVersions(a.manifest.version, b.manifest.version));
  const fits = version === undefined ? named.slice(0, 1) : named.filter(({ manifest }) => manifest.version === version);
  const [chosen, other] = fits;
  if (chosen === undefined) {
    const versions = named.map(({ manifest }) => manifest.version).join(', ');
    const known = [...new Set(packages.map(({ manifest }) => manifest.name))].sort().join(', ');
    return named.length > 0
      ? `There is no version ${version} of seed "${name}"; known: ${versions}`
      : `There is no seed "${name}" in ${JSON.stringify(folder)}; known: ${known || 'none'}`;
  }
  if (other !== undefined)
    return `There are two packages of seed "${name}" version ${version}: ${relative(folder, chosen.path)} and ${relative(folder, other.path)}`;
  const { manifest, path } = chosen;
  if (!archive.test(path)) return { folder: path, manifest, async [Symbol.asyncDispose]() {} };
  const unpacked = await mkdtemp(join(tmpdir(), 'msx-seed-'));
  // tar itself takes away a leading slash and refuses "..".
  await run('tar', ['-xf', path, '-C', unpacked, '--no-same-owner', '--no-same-permissions']);
  return { folder: unpacked, manifest, [Symbol.asyncDispose]: () => rm(unpacked, { recursive: true, force: true }) };
}

/** Whether a package is about a word. */
export function matches({ name, description, services }: SeedItem, term: string): boolean {
  const words = [name, description ?? '', ...(services ?? [])];
  return words.some((word) => word.toLowerCase().includes(term.toLowerCase()));
}

async function findAll(folder: string, depth = 0): Promise<readonly Found[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries
      .sort((a, b) => compareText(a.name, b.name))
      .map(async (entry): Promise<readonly Found[]> => {
        const path = join(folder, entry.name);
        if (entry.isFile() && archive.test(entry.name)) return [read(path, await archived(path))];
        if (!entry.isDirectory() || entry.name.startsWith('.')) return [];
        const manifest = join(path, manifestFile);
        if ((await stat(manifest).catch(() => undefined))?.isFile())
          return [read(path, await readFile(manifest, 'utf8'))];
        return depth === 0 ? findAll(path, depth + 1) : [];
      }),
  );
  return found.flat();
}

async function archived(path: string): Promise<string | undefined> {
  for (const name of [manifestFile, `./${manifestFile}`]) {
    const found = await run('tar', ['-xOf', path, name], { maxBuffer: manifestBytesMax }).catch(() => undefined);
    if (found !== undefined) return found.stdout;
  }
  return undefined;
}

function read(path: string, text: string | undefined): Found {
  if (text === undefined) return { kind: 'unreadable', path, reason: `there is no ${manifestFile} at its top` };
  const manifest = readSeedManifest(text);
  return manifest.kind === 'read' ? { kind: 'package', path, manifest: manifest.manifest } : { ...manifest, path };
}

function itemOf(folder: string, { path, manifest }: Extract<Found, { kind: 'package' }>): SeedItem {
  const { name, version, description = null, services = null, steps } = manifest;
  const what = steps.map((step) =>
    step.kind === 'sql' ? { kind: step.kind, what: step.file } : { kind: step.kind, what: step.command.join(' ') },
  );
  return { name, version, description, services, steps: what, place: relative(folder, path) };
}
