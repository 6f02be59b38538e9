import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileName } from './folders.ts';

const wellFormed = /^[0-9a-f]{32}$/;

/** The value of a secret, generated once and kept in a file that only its owner reads. Two callers get one value. */
export async function secretValue(folder: string, name: string): Promise<string> {
  const file = join(folder, fileName(name));
  const known = await readValue(file);
  if (known !== undefined) return known;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, randomBytes(16).toString('hex'), { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(draft, file); // whole or not at all, and never over one that is there
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const value = await readValue(file);
  if (value === undefined) throw new Error(`Cannot read secret "${name}": its file holds no generated value`);
  return value;
}

/** All values kept for an environment: what must never be shown. */
export async function secretValues(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const values = await Promise.all(names.map((name) => readValue(join(folder, name))));
  return values.filter((value) => value !== undefined);
}

async function readValue(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text !== undefined && wellFormed.test(text) ? text : undefined;
}
