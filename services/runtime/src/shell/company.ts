// Owns: which runtimes look after the programs of one data folder (protocol 24: an orderly end stops them, but only the
// last one's). Each has a file that says who it is; a file whose process has ended says nothing.
//
// 1. Who leaves takes its file away first and looks then, so of two that leave at once at least one is the last.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSameProcess, type ProcessIdentity } from '@microstax/service/process-identity';

let count = 0; // one process may hold two, in tests

export class Company {
  readonly #folder: string;
  readonly #name: string;

  static async enter(dataDir: string, self: ProcessIdentity): Promise<Company> {
    count += 1;
    const folder = join(dataDir, 'runtimes');
    await mkdir(folder, { recursive: true });
    const company = new Company(folder, [self.pid, self.startTime, self.bootId, count].join('.'));
    await writeFile(join(folder, company.#name), '');
    return company;
  }

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** Leaves; true where nobody is left to look after what serves. */
  async leave(): Promise<boolean> {
    await rm(join(this.#folder, this.#name), { force: true });
    for (const name of await readdir(this.#folder)) {
      if (isAlive(name)) return false;
      await rm(join(this.#folder, name), { force: true });
    }
    return true;
  }
}

function isAlive(name: string): boolean {
  const [pid = '', startTime = '', bootId = ''] = name.split('.');
  return isSameProcess({ pid: Number(pid), startTime, bootId });
}
