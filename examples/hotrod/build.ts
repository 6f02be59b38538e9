import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheDir, goEnvironment } from './config.ts';

const version = 'v1.76.0';
const module = 'github.com/jaegertracing/jaeger';
const program = `${module}/examples/hotrod`;
const goNeeded = [1, 25] as const;
const goMod = `module hotrod\n\ngo ${goNeeded.join('.')}.0\n`;
// The pin: Go refuses sources with another hash. What they depend on is fixed by their own go.mod.
const goSum = `${module} ${version} h1:sWCOOF1dr+NL0PLil7mFo3BqqQL8k4WiM7aguFbc14g=
${module} ${version}/go.mod h1:hqcuJlLDTv7G2x5eFd/BhwcPdLxj3N+90aKhIzdOcKo=
`;
const goPlaces = ['go', '/usr/local/go/bin/go']; // the second is where Go's own archive puts it, often not on the PATH
const goStepMsMax = 10 * 60_000; // a cold download and build on a slow machine
const goOutputBytesMax = 16 * 1024 * 1024;

const run = promisify(execFile);

export type BuildOptions = {
  /** The cache of all examples; the binary becomes `<cacheDir>/hotrod/<version>/hotrod`. */
  readonly cacheDir: string;
  /** Hears what is going on, one line at a time. */
  readonly announce: (line: string) => void;
  /** Where to look for Go. */
  readonly goPlaces?: readonly string[];
};

/**
 * The path of HotROD's binary, built from the pinned sources unless the cache has it, or why it was skipped: there
 * is no Go that can build it. Rejects where Go is but the build failed. Two builds at once do not disturb each other.
 */
export async function buildHotrod(options: BuildOptions): Promise<{ path: string } | { skipped: string }> {
  const home = join(options.cacheDir, 'hotrod', version);
  const path = join(home, 'hotrod');
  if (await isExecutable(path)) return { path };

  await mkdir(home, { recursive: true });
  const dir = await mkdtemp(join(home, '.build-')); // inside the cache, so that the rename is atomic
  try {
    await writeFile(join(dir, 'go.mod'), goMod);
    await writeFile(join(dir, 'go.sum'), goSum);
    const go = await findGo(options.goPlaces ?? goPlaces, dir);
    if ('skipped' in go) return go;
    options.announce(`building HotROD ${version} with ${go.version} into ${home}, takes about half a minute`);
    // `go install <program>@<version>` refuses, because the module's go.mod has a replace line.
    await runGo(go.command, ['get', `${program}@${version}`], dir);
    await runGo(go.command, ['build', '-o', 'hotrod', program], dir);
    await rename(join(dir, 'hotrod'), path);
    options.announce(`built ${path}`);
    return { path };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type Go = { readonly command: string; readonly version: string };

/** Asked inside the build directory, where a Go that can fetch the toolchain go.mod wants does so. */
async function findGo(places: readonly string[], cwd: string): Promise<Go | { skipped: string }> {
  const refused: string[] = [];
  for (const command of places) {
    try {
      const { stdout } = await run(command, ['env', 'GOVERSION'], { cwd, env: goEnvironment(), timeout: goStepMsMax });
      const found = stdout.trim();
      if (isNewEnough(found)) return { command, version: found };
      refused.push(`"${command}" is ${found}`);
    } catch {
      refused.push(`"${command}" does not run`);
    }
  }
  return {
    skipped: `Cannot build HotROD ${version}: it needs Go ${goNeeded.join('.')} or newer, ${refused.join(', ')}`,
  };
}

function isNewEnough(goVersion: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(goVersion)?.map(Number) ?? [];
  if (major === undefined || minor === undefined) return false;
  return major > goNeeded[0] || (major === goNeeded[0] && minor >= goNeeded[1]);
}

async function runGo(command: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await run(command, args, { cwd, env: goEnvironment(), timeout: goStepMsMax, maxBuffer: goOutputBytesMax });
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    const end = output.trim().split('\n').slice(-5).join('\n');
    throw new Error(`Cannot build HotROD ${version}: "go ${args.join(' ')}" failed, see below and try again\n${end}`, {
      cause,
    });
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  try {
    const built = await buildHotrod({ cacheDir: defaultCacheDir(), announce: (line) => console.error(line) });
    console.log('path' in built ? built.path : `skipped: ${built.skipped}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
