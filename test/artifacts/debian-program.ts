import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program of Debian's packages, unpacked and not installed. */
export type DebianProgram = { readonly path: string; readonly env: Readonly<Record<string, string>> };

/** Unpacks packages into a folder and proves that the program starts; undefined, and said aloud, where that fails. */
export async function debianProgram(
  folder: string,
  packages: readonly string[],
  program: string,
  folderOfPrograms: 'sbin' | 'bin' = 'sbin',
): Promise<DebianProgram | undefined> {
  try {
    await run('apt-get', ['download', ...packages], { cwd: folder, timeout: 60_000 });
    const files = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    for (const file of files) await run('dpkg', ['-x', file, folder], { cwd: folder });
    const { stdout } = await run('dpkg', ['--print-architecture']);
    const machine = stdout.trim() === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
    const env = { LD_LIBRARY_PATH: join(folder, 'usr', 'lib', machine), PATH: process.env.PATH ?? '' };
    const path = join(folder, 'usr', folderOfPrograms, program);
    await run(path, ['-v'], { env });
    return { path, env };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    process.stderr.write(`SKIPPED: ${program} from Debian's packages is not to be had here: ${reason}\n`);
    return undefined;
  }
}
