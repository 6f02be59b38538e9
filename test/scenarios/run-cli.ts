import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { vi } from 'vitest';
import { runProgram } from '../../apps/cli/src/program.ts';

const main = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'main.ts');
const root = join(import.meta.dirname, '..', '..');

export type CliResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type CliRun = {
  readonly child: ChildProcess;
  /** Ended, and everything is read; a killed one's children may hold its output open, so it only exits. */
  readonly ended: Promise<CliResult>;
  readonly exited: Promise<void>;
  /** What it has said so far. */
  said(): CliResult;
};

/** `msx` as a process of its own, with these variables and no other of ours. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>>): CliRun {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString('utf8');
  });
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('utf8');
  });
  const said = (): CliResult => ({ code: child.exitCode, stdout, stderr });
  const ended = new Promise<CliResult>((resolve) => child.once('close', (code) => resolve({ ...said(), code })));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { child, ended, exited, said };
}

export function runCli(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CliResult> {
  return startCli(args, env).ended;
}

/** The same program in this process, where only its answer matters; one at a time, since stdout is borrowed. */
export async function runCliHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CliResult> {
  let [stdout, stderr] = ['', ''];
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    const code = await runProgram(args);
    process.exitCode = undefined; // this process goes on
    return { code, stdout, stderr };
  } finally {
    out.mockRestore();
    err.mockRestore();
    vi.unstubAllEnvs();
  }
}
