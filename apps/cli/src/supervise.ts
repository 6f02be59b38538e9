import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode } from '@microstax/service/run';

/** A program of ours as a child in a session of its own, so that Ctrl-C reaches `msx up` alone and the end is in order. */
export type Program = {
  readonly name: string;
  readonly main: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logDir: string;
};
export type Supervised = AsyncDisposable & { readonly name: string; pid(): number };
export type Watch = {
  readonly started: (name: string, pid: number) => void;
  readonly said: (line: string) => void;
  readonly gaveUp: (name: string) => void;
};

/**
 * A program that ends by itself is started again; so often within a minute, then it is given up. One whose settings
 * nobody can act on is given up at once.
 */
const restartsMax = 5;
const restartWindowMs = 60_000;
const restartDelayMs = 250;
const endGraceMs = 20_000;

/** Starts a program and keeps it running until it is disposed: SIGTERM, then SIGKILL after 20 s, by the child we hold. */
export function supervise(program: Program, watch: Watch): Supervised {
  const restarts: number[] = [];
  let ending = false;
  let timer: NodeJS.Timeout | undefined;
  let child = start();

  function start(): ChildProcess {
    const started = spawnLogged(program);
    watch.started(program.name, started.pid ?? 0);
    started.once('exit', (code, signal) => {
      if (code === exitCode.badConfig) refused();
      else ended(signal ?? `exit code ${code}`);
    });
    return started;
  }

  function refused(): void {
    if (ending) return;
    watch.said(lastLine(logOf(program)) ?? `${program.name} cannot start; see ${logOf(program)}`);
    watch.gaveUp(program.name);
  }

  function ended(how: string): void {
    if (ending) return;
    const now = performance.now();
    restarts.push(now);
    if (restarts.filter((at) => now - at < restartWindowMs).length > restartsMax) {
      watch.said(`${program.name} ended (${how}) ${restartsMax + 1} times within a minute; see ${logOf(program)}`);
      watch.gaveUp(program.name);
      return;
    }
    watch.said(`${program.name} ended (${how}), starting it again; its log is ${logOf(program)}`);
    timer = setTimeout(() => {
      child = start();
    }, restartDelayMs);
  }

  return {
    name: program.name,
    pid: () => child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      ending = true;
      clearTimeout(timer);
      await end(child);
    },
  };
}

function lastLine(file: string): string | undefined {
  return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1);
}

export function logOf({ logDir, name }: Pick<Program, 'logDir' | 'name'>): string {
  return join(logDir, `${name}.log`);
}

function spawnLogged(program: Program): ChildProcess {
  mkdirSync(program.logDir, { recursive: true });
  const log = openSync(logOf(program), 'a', 0o600);
  try {
    return spawn(process.execPath, [program.main], { env: program.env, stdio: ['ignore', log, log], detached: true });
  } finally {
    closeSync(log);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), endGraceMs);
  await ended;
  clearTimeout(timer);
}
