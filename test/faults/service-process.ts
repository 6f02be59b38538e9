import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processState } from '@microstax/service/process-identity';
import { eventually } from './patience.ts';

/** One service in a process of its own, to be killed, halted and woken. Disposing ends it in order. */
export type ServiceProcess = AsyncDisposable & {
  readonly pid: number;
  /** Settles once it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  send(signal: NodeJS.Signals): void;
  /** Sends SIGKILL and settles when it is gone. */
  kill(): Promise<void>;
  /** Settles when every thread of it is halted, by us or by a failpoint. */
  halted(): Promise<void>;
  /** Lines of its log so far, and of its stderr. */
  log(): readonly LogLine[];
  /** Settles with the first line that fits. */
  said(wanted: (line: LogLine) => boolean, what: string): Promise<LogLine>;
};

export type LogLine = { readonly msg: string; readonly [field: string]: unknown };

const root = join(import.meta.dirname, '..', '..');
const endMsMax = 60_000;
let count = 0;

export function startServiceProcess(options: {
  /** `services/runtime`, `apps/router`. */
  readonly room: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logDir: string;
}): ServiceProcess {
  const { room, env, logDir } = options;
  count += 1;
  const file = join(logDir, `${room.replace('/', '-')}-${count}.log`);
  const descriptor = openSync(file, 'a');
  const child = spawn(process.execPath, [join(root, room, 'main.ts')], {
    cwd: root,
    env: env as NodeJS.ProcessEnv,
    stdio: ['ignore', descriptor, descriptor],
  });
  closeSync(descriptor);
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot start ${room} as a process`);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const log = (): readonly LogLine[] => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(lineOf);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    pid,
    ended,
    send: (signal) => void child.kill(signal),
    kill,
    halted: () =>
      eventually(() => hasEnded(child) || processState(pid) === 'T', {
        message: `process ${pid} (${room}) is halted`,
      }).then(() => {
        if (hasEnded(child)) throw new Error(`${room} has ended instead of halting: ${lastWords(log())}`);
      }),
    log,
    said: (wanted, what) => eventually(() => log().find(wanted), { message: `process ${pid} (${room}) says ${what}` }),
    async [Symbol.asyncDispose]() {
      if (hasEnded(child)) return;
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      const hammer = setTimeout(() => child.kill('SIGKILL'), endMsMax);
      await ended;
      clearTimeout(hammer);
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function lineOf(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
}

function lastWords(lines: readonly LogLine[]): string {
  return lines
    .slice(-3)
    .map(({ msg }) => msg)
    .join(' | ');
}
