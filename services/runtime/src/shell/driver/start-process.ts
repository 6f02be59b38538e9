import { spawn } from 'node:child_process';
import { mkdir, open, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { delay } from '@microstax/service/clock';
import { isProgram, onPath } from '@microstax/service/on-path';
import { startWords } from '../../core/interpolate.ts';
import type { StartOutcome, StartRequest } from './driver.ts';
import { type Folders, fileName } from './folders.ts';
import { instanceNote, readInstance } from './instance-file.ts';
import { secretValue } from './secret-files.ts';
import { explainShimExit, shimExit } from './shim.ts';
import { shell, shimPath } from './shim-path.ts';

/** What every program gets of ours, and nothing else of our environment. */
export type HostEnvironment = Readonly<Partial<Record<'PATH' | 'HOME' | 'LANG' | 'TMPDIR', string>>>;

export type StartPlace = {
  readonly folders: Folders;
  readonly workDir: string;
  readonly host: HostEnvironment;
  readonly ports: Readonly<Record<string, number>>;
  /** Called with each child of ours, to learn how it ends. */
  readonly onChild: (child: StartedChild) => void;
};

/** A child of this process: settles with its exit code or signal. */
export type StartedChild = { readonly pid: number; readonly ended: Promise<string> };

type Launch = {
  readonly program: string;
  readonly words: readonly string[];
  readonly cwd: string;
  readonly environment: Record<string, string>;
};

const pollMsMin = 2;
const pollMsMax = 25;

/** Starts a program through the shim. Settles once the record stands, which is before the program's first instruction. */
export async function startProcess(request: StartRequest, place: StartPlace): Promise<StartOutcome> {
  const launch = await prepare(request, place);
  if (typeof launch === 'string') return { kind: 'failed', reason: launch, again: false };
  const { folders, ports } = place;
  const { instance, epoch, spec, runDigest } = request;
  const note = instanceNote({ runDigest, service: spec.name, instance, ports });
  const log = await open(join(folders.logs, `${fileName(instance)}.log`), 'a', 0o600);
  try {
    const child = spawn(
      shell,
      [shimPath, 'start', folders.fence, fileName(instance), String(epoch), note, launch.program, ...launch.words],
      // A session of its own: what a terminal or a dying runtime sends does not reach it.
      { cwd: launch.cwd, env: launch.environment, detached: true, stdio: ['ignore', log.fd, log.fd] },
    );
    child.unref();
    let code: number | null | undefined;
    const ended = new Promise<string>((end) => {
      child.once('error', (error) => {
        code = null;
        end(`could not be started: ${error.message}`);
      });
      child.once('exit', (exitCode, signal) => {
        code = exitCode;
        end(signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`);
      });
    });
    if (child.pid !== undefined) place.onChild({ pid: child.pid, ended });
    return await untilRecorded(request, folders, child.pid, { ended, exitCode: () => code });
  } finally {
    await log.close();
  }
}

async function untilRecorded(
  request: StartRequest,
  folders: Folders,
  pid: number | undefined,
  child: { readonly ended: Promise<string>; exitCode(): number | null | undefined },
): Promise<StartOutcome> {
  for (let pauseMs = pollMsMin; ; pauseMs = Math.min(pollMsMax, pauseMs * 2)) {
    const code = child.exitCode();
    const record = await readInstance(folders.records, request.instance);
    // The record has this very process: whatever it ends with from here on is the program's own word.
    if (record && record.pid === pid) return { kind: 'running', instance: record, already: false };
    if (code === undefined) {
      await Promise.race([delay(pauseMs), child.ended]);
      continue;
    }
    if (code === shimExit.fenced) return { kind: 'fenced' };
    if (code === shimExit.done && record) return { kind: 'running', instance: record, already: true };
    const why = code === null ? await child.ended : explainShimExit(code);
    return { kind: 'failed', reason: `Cannot start "${request.spec.name}": ${why}`, again: true };
  }
}

async function prepare(request: StartRequest, place: StartPlace): Promise<Launch | string> {
  const { spec, listeners, scope } = request;
  const { folders, workDir, host, ports } = place;
  if (spec.stateful && (spec.replicas ?? 1) > 1)
    return `Cannot start ${spec.replicas} replicas of "${spec.name}": it keeps its data in one folder, which one process writes; set replicas: 1`;
  if (!spec.run) return `Cannot start "${spec.name}": it has no run.command, so it can only be inherited`;
  const cwd = await workingFolder(spec.run.cwd, workDir, spec.name);
  if ('reason' in cwd) return cwd.reason;
  const words = startWords(spec, { ports, listeners });
  if (words.kind === 'unknown') return words.reason;
  const [name = '', ...rest] = words.value.command;
  const program = findProgram(name, cwd.path, host);
  if (program === undefined) {
    return `Cannot start "${spec.name}": command not found: ${JSON.stringify(name)} is no program ${
      name.includes('/') ? `in ${JSON.stringify(spec.run.cwd)}` : 'on the PATH of the runtime'
    }; install it, or set run.command`;
  }
  const environment: Record<string, string> = {
    ...(host as Record<string, string>),
    ...words.value.environment,
    ...(await secretsOf(spec, folders)),
    ...(await dataFolderOf(spec, folders)),
    MSX_ENV: scope.env,
    MSX_SERVICE: spec.name,
  };
  return throughShell({ program, words: rest, cwd: cwd.path, environment });
}

// Shells drop variables whose names they could not assign to, such as `spring.profile`, and the shim assigns to its own
// ones; `env` puts them back.
function throughShell(launch: Launch): Launch {
  const odd = Object.keys(launch.environment).filter((name) => !/^(?!_msx_)[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (odd.length === 0) return launch;
  const pairs = odd.map((name) => `${name}=${launch.environment[name]}`);
  return { ...launch, program: '/usr/bin/env', words: [...pairs, launch.program, ...launch.words] };
}

async function workingFolder(
  cwd: string,
  workDir: string,
  service: string,
): Promise<{ readonly path: string } | { readonly reason: string }> {
  const path = resolve(workDir, cwd);
  const way = relative(workDir, path);
  const refused = (why: string) => ({ reason: `Cannot start "${service}": run.cwd ${JSON.stringify(cwd)} ${why}` });
  if (way === '..' || way.startsWith(`..${sep}`)) {
    return refused('leaves the folder that the runtime was started in; start it further up, or set MSX_WORKDIR');
  }
  const found = await stat(path).catch(() => undefined);
  if (!found) return refused('does not exist, relative to the folder that the runtime was started in');
  return found.isDirectory() ? { path } : refused('is no directory');
}

function findProgram(name: string, cwd: string, host: HostEnvironment): string | undefined {
  if (name === '') return undefined;
  if (!name.includes('/')) return onPath({ PATH: host.PATH }, name);
  const path = resolve(cwd, name);
  return isProgram(path) ? path : undefined;
}

async function secretsOf(spec: ServiceSpec, folders: Folders): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const secret of spec.secrets) values[secret.envKey] = await secretValue(folders.secrets, secret.name);
  return values;
}

async function dataFolderOf(spec: ServiceSpec, folders: Folders): Promise<Record<string, string>> {
  if (!spec.stateful) return {};
  const folder = join(folders.data, fileName(spec.name));
  await mkdir(folder, { recursive: true });
  return { MSX_DATA_DIR: folder };
}
