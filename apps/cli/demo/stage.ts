import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, howToGetNatsServer } from '@microstax/service/nats-server';
import { isSameProcess } from '@microstax/service/process-identity';
import { readUpFile, type UpFile } from '../src/up-file.ts';

const main = join(import.meta.dirname, '..', 'main.ts');
const upTimeoutMs = 60_000;

/** What a demo runs on: an `msx up` of its own in a directory of its own, and the CLI as a person types it. */
export type Stage = {
  /** Prints the command and its output as a person would see them; rejects when the exit code is another than wanted. */
  msx(args: readonly string[], options?: { readonly exitCode?: number; readonly quiet?: boolean }): Promise<string>;
  url(env: string, service: string, port?: string): string;
  up(): UpFile;
  say(title: string): void;
  readonly dataDir: string;
};

export type StageOptions = {
  readonly name: string;
  readonly path?: readonly string[];
  readonly upArgs?: readonly string[];
};

/**
 * Sets the stage, runs the demo, takes everything down and checks that no process is left. The result is the exit code.
 */
export async function onStage(
  { name, path = [], upArgs = [] }: StageOptions,
  play: (stage: Stage) => Promise<void>,
): Promise<number> {
  const found = await findNatsServer({
    env: process.env,
    allowFetch: true,
    announce: (line) => process.stderr.write(`${line}\n`),
  });
  if (found === undefined && !process.env.NATS_URL) {
    process.stderr.write(`error: the demo needs a nats-server\n  next: ${howToGetNatsServer}\n`);
    return 1;
  }
  const dataDir = mkdtempSync(join(tmpdir(), `msx-${name}-`));
  const env = {
    ...process.env,
    MSX_DATA: dataDir,
    ...(found ? { MSX_NATS_SERVER: found.path } : {}),
    PATH: [...path, process.env.PATH].filter(Boolean).join(':'),
    NO_COLOR: process.env.NO_COLOR ?? '',
  };
  if (env.NO_COLOR === '') delete (env as { NO_COLOR?: string }).NO_COLOR;
  const up = spawn(process.execPath, [main, 'up', '--data', dataDir, ...upArgs], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const ended = new Promise<number>((resolve) => up.once('exit', (code) => resolve(code ?? 1)));
  const interrupt = (): void => void up.kill('SIGTERM');
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  let code = 0;
  let pids: readonly UpFile['processes'][number][] = [];
  try {
    await upIsReady(up, dataDir);
    await play(stageOf(dataDir, env));
  } catch (error) {
    process.stderr.write(`\nthe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    code = 1;
  } finally {
    pids = readUpFile(dataDir)?.processes ?? [];
    if (up.exitCode === null) up.kill('SIGTERM');
    const upCode = await ended;
    if (upCode !== 0 && code === 0) code = upCode;
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
  const left = [...pids.filter((one) => isSameProcess(one)).map(({ pid }) => pid), ...processesNaming(dataDir)];
  process.stdout.write(
    left.length === 0 ? '\nNo process of the demo is left.\n' : `\nProcesses are left: ${left.join(', ')}\n`,
  );
  if (code === 0) rmSync(dataDir, { recursive: true, force: true });
  else process.stderr.write(`logs and data stay in ${dataDir}\n`);
  return left.length === 0 ? code : 1;
}

async function upIsReady(up: ChildProcess, dataDir: string): Promise<void> {
  const deadline = Date.now() + upTimeoutMs;
  while (readUpFile(dataDir)?.ready !== true) {
    if (up.exitCode !== null || up.signalCode !== null)
      throw new Error(`msx up ended with ${up.exitCode ?? up.signalCode}`);
    if (Date.now() > deadline) throw new Error(`msx up was not ready within ${upTimeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function stageOf(dataDir: string, env: NodeJS.ProcessEnv): Stage {
  const up = (): UpFile => {
    const file = readUpFile(dataDir);
    if (file === undefined) throw new Error('msx up has no up.json');
    return file;
  };
  return {
    dataDir,
    up,
    say: (title) => void process.stdout.write(`\n── ${title}\n`),
    url(environment, service, port = 'http') {
      const found = up().environments[environment]?.[service]?.[port];
      if (found === undefined) throw new Error(`${environment}/${service} has no URL for port "${port}"`);
      return found;
    },
    msx: (args, options = {}) => runCli(args, env, options),
  };
}

async function runCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { exitCode = 0, quiet = false }: { readonly exitCode?: number; readonly quiet?: boolean },
): Promise<string> {
  if (!quiet) process.stdout.write(`\n$ msx ${args.join(' ')}\n`);
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString('utf8');
    if (!quiet) process.stdout.write(bytes);
  });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString('utf8');
    if (!quiet) process.stderr.write(bytes);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== exitCode)
    throw new Error(`msx ${args.join(' ')} ended with ${code}, wanted ${exitCode}${quiet ? `: ${errors}` : ''}`);
  return output;
}

/** Processes whose environment names the demo's directory, zombies not counted. */
function processesNaming(dataDir: string): number[] {
  const { globSync } = process.getBuiltinModule('node:fs');
  return globSync('/proc/[0-9]*')
    .map((folder) => Number(folder.slice('/proc/'.length)))
    .filter((pid) => pid !== process.pid && names(pid, dataDir));
}

function names(pid: number, text: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text) ||
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    );
  } catch {
    return false;
  }
}
