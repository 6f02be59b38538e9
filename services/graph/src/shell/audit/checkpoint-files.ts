import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignedNote } from '@microstax/model/checkpoint';

/**
 * Checkpoints as files, `<folder>/<org>/<size>`: to be copied to where the store's administrator cannot write, and read
 * back before the next one is signed, so that a store that was put back to an earlier state is noticed.
 */
export class CheckpointFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Settles when the file has its name; a reader never sees half of one. */
  async write(org: string, size: number, note: SignedNote): Promise<void> {
    const path = join(this.#folder, org, String(size));
    await mkdir(join(this.#folder, org), { recursive: true });
    // A name of its own: two that sign at once write the same note, and neither takes the other's file away.
    const written = `${path}.${randomUUID()}.new`;
    await writeFile(written, note, { flush: true });
    await rename(written, path);
  }

  /** The one of the largest size. */
  async newest(org: string): Promise<SignedNote | undefined> {
    const sizes = (await namesIn(join(this.#folder, org))).filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
    if (sizes.length === 0) return undefined;
    return readFile(join(this.#folder, org, String(Math.max(...sizes))), 'utf8');
  }

  /** Organisations that have any. */
  orgs(): Promise<readonly string[]> {
    return namesIn(this.#folder);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
