// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these words are what a Blueprint says
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDigest, type ServiceSpec } from '@microstax/model/service-spec';
import { isSameProcess, processState } from '@microstax/service/process-identity';
import { eventually } from '@microstax/testkit/eventually';
import { processesWith } from '@microstax/testkit/processes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { neverAsked } from '../../core/testing/never-asked.ts';
import { aSpec } from '../../core/testing/plans.ts';
import type { StartOutcome } from './driver.ts';
import { foldersOf } from './folders.ts';
import { endPausedShims } from './paused-shims.ts';
import { ProcessDriver } from './process-driver.ts';
import { groupEnded, groupMembers } from './process-group.ts';
import { secretValue } from './secret-files.ts';

const scope = { org: 'default', env: 'shop' };
const sleeper = (draft: Partial<ServiceSpec> = {}) =>
  aSpec('web', { ports: [], ...shell('exec sleep 1000'), ...draft });
const server = (name: string, draft: Partial<ServiceSpec> = {}) =>
  aSpec(name, {
    run: { command: ['node', '-e'], cwd: '.' },
    args: ['require("net").createServer().listen(Number(process.env.PORT), "127.0.0.1")'],
    env: { PORT: '${port.http}' },
    ...draft,
  });
function shell(script: string): Pick<ServiceSpec, 'run' | 'args'> {
  return { run: { command: ['sh', '-c'], cwd: '.' }, args: [script] };
}

let dataDir: string;
let driver: ProcessDriver;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'msx-driver-'));
  driver = newDriver();
  await driver.stamp(scope, 1);
});

afterEach(async () => {
  for (const pid of processesWith(dataDir)) process.kill(pid, 'SIGKILL');
  await Promise.all((await driver.list(scope)).map((instance) => driver.stop(scope, instance, 1_000_000)));
  await rm(dataDir, { recursive: true, force: true });
});

function newDriver(): ProcessDriver {
  // The folder in PATH marks every process of this test.
  const host = { PATH: `${process.env.PATH}:${dataDir}`, HOME: dataDir };
  return new ProcessDriver({ dataDir, workDir: dataDir, host, stopGraceMs: 400 });
}

function start(spec: ServiceSpec, instance = `${spec.name}-1`, epoch = 1): Promise<StartOutcome> {
  return driver.start({
    scope,
    instance,
    epoch,
    spec,
    runDigest: runDigest(spec),
    listeners: [],
    composition: neverAsked,
  });
}

async function started(spec: ServiceSpec, instance?: string) {
  const outcome = await start(spec, instance);
  if (outcome.kind !== 'running') throw new Error(`not started: ${JSON.stringify(outcome)}`);
  return outcome.instance;
}

function ready(spec: ServiceSpec, instance: Awaited<ReturnType<typeof started>>, timeoutMs = 20_000) {
  return driver.ready({ scope, instance, spec, timeoutMs, signal: new AbortController().signal });
}

test('ProcessDriver takes nobody else for the program: a port that a stranger answers on has been taken', async () => {
  const spec = server('web', {
    args: ['setTimeout(() => require("net").createServer().listen(Number(process.env.PORT), "127.0.0.1"), 400)'],
  });
  const instance = await started(spec);
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(instance.ports.http, '127.0.0.1', resolve));
  try {
    expect(await ready(spec, instance)).toMatchObject({ kind: 'failed', portTaken: true });
  } finally {
    stranger.close();
  }
});

test('ProcessDriver believes a stranger after a while: a program may let others listen for it', async () => {
  const spec = aSpec('web', { ...shell('exec sleep 1000'), env: { PORT: '${port.http}' } });
  const instance = await started(spec);
  const helper = createServer();
  await new Promise<void>((resolve) => helper.listen(instance.ports.http, '127.0.0.1', resolve));
  try {
    expect(await ready(spec, instance)).toEqual({ kind: 'ready' });
  } finally {
    helper.close();
  }
}, 15_000);

describe('ProcessDriver starts', () => {
  test('a program that is ready once it listens, and is gone once it is stopped', async () => {
    const spec = server('web');
    const instance = await started(spec);
    expect(await ready(spec, instance)).toEqual({ kind: 'ready' });
    expect(driver.isAlive(instance)).toBe(true);
    expect(instance).toMatchObject({ id: 'web-1', service: 'web', runDigest: runDigest(spec), epoch: 1 });
    expect(await driver.stop(scope, instance, 1)).toBe('passed');
    expect(driver.isAlive(instance)).toBe(false);
    expect(await driver.list(scope)).toEqual([]);
  });

  test('it with PATH, HOME and its own variables, and nothing of ours', async () => {
    const spec = sleeper({
      run: { command: ['node', '-e'], cwd: '.' },
      args: ['fs.writeFileSync("seen.tmp", JSON.stringify(process.env)); fs.renameSync("seen.tmp", "seen")'],
      env: { epoch: 'mine', _msx_dir: 'mine', 'odd.name': 'a b', EMPTY: '' },
      secrets: [{ name: 'token', envKey: 'TOKEN', source: 'auto-generated' }],
      stateful: true,
    });
    await started(spec);
    const seen = await eventually(() => readFile(join(dataDir, 'seen'), 'utf8'));
    const variables: Record<string, string> = JSON.parse(seen);
    expect(variables).toMatchObject({
      epoch: 'mine',
      _msx_dir: 'mine',
      'odd.name': 'a b',
      EMPTY: '',
      TOKEN: await secretValue(foldersOf(dataDir, scope).secrets, 'token'),
      MSX_ENV: 'shop',
      MSX_SERVICE: 'web',
      MSX_DATA_DIR: `${foldersOf(dataDir, scope).data}/web`,
      HOME: dataDir,
    });
    const known = new Set([
      ...Object.keys(spec.env),
      'TOKEN',
      'MSX_ENV',
      'MSX_SERVICE',
      'MSX_DATA_DIR',
      'HOME',
      'PATH',
    ]);
    expect(
      Object.keys(variables).filter((name) => !known.has(name) && !['PWD', '_', 'SHLVL', 'OLDPWD'].includes(name)),
    ).toEqual([]);
  });

  test('it also where its PATH is of no use to a shell', async () => {
    const instance = await started(
      sleeper({ run: { command: ['/bin/sleep', '1000'], cwd: '.' }, args: [], env: { PATH: '/nowhere' } }),
    );
    expect(driver.isAlive(instance)).toBe(true);
  });

  test('arguments as they are: no shell reads them', async () => {
    const words = ['a b', '$(touch evil)', '; touch evil', "it's", '*', ''];
    await writeFile(
      join(dataDir, 'echo.sh'),
      '#!/bin/sh\nfor word; do printf "[%s]\\n" "$word"; done >words.tmp; mv words.tmp words\nexec sleep 1000\n',
      { mode: 0o755 },
    );
    await started(sleeper({ run: { command: ['./echo.sh'], cwd: '.' }, args: words }));
    const said = await eventually(() => readFile(join(dataDir, 'words'), 'utf8'));
    expect(said.trimEnd().split('\n')).toEqual(words.map((word) => `[${word}]`));
    await expect(stat(join(dataDir, 'evil'))).rejects.toThrow('ENOENT');
  });

  test('twenty at once on twenty ports', async () => {
    const specs = Array.from({ length: 20 }, (_, index) =>
      sleeper({ name: `s${index}`, ports: [{ name: 'http', containerPort: 80, protocol: 'http' }] }),
    );
    const instances = await Promise.all(specs.map((spec) => started(spec)));
    expect(new Set(instances.map((instance) => instance.ports.http)).size).toBe(20);
    expect(new Set(instances.map((instance) => instance.pid)).size).toBe(20);
    expect(await driver.list(scope)).toHaveLength(20);
  });

  test('one process for one instance, however often it is asked for at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => start(sleeper())));
    const running = outcomes.map((outcome) => (outcome.kind === 'running' ? outcome : undefined));
    expect(new Set(running.map((outcome) => outcome?.instance.pid)).size).toBe(1);
    expect(running.filter((outcome) => outcome?.already === false)).toHaveLength(1);
    expect(processesWith(dataDir)).toHaveLength(1);
  });
});

describe('ProcessDriver refuses', () => {
  test('a command that is nowhere', async () => {
    given(
      await start(sleeper({ run: { command: ['no-such-program'], cwd: '.' } })),
      'command not found: "no-such-program" is no program on the PATH of the runtime',
    );
    given(
      await start(sleeper({ run: { command: ['./no.sh'], cwd: '.' } })),
      'command not found: "./no.sh" is no program in "."',
    );
  });

  test('a folder that does not exist, is none, or lies outside', async () => {
    await writeFile(join(dataDir, 'file'), '');
    given(await start(sleeper({ run: { command: ['sleep'], cwd: 'missing' } })), 'run.cwd "missing" does not exist');
    given(await start(sleeper({ run: { command: ['sleep'], cwd: 'file' } })), 'run.cwd "file" is no directory');
    given(await start(sleeper({ run: { command: ['sleep'], cwd: '../..' } })), 'run.cwd "../.." leaves the folder');
  });

  test('a name that stands for nothing', async () => {
    given(await start(sleeper({ env: { URL: '${port.db.tcp}' } })), 'Cannot fill "${port.db.tcp}" in env URL of "web"');
  });

  test('what cannot be run at all', async () => {
    const { run: _none, ...inherited } = sleeper();
    given(await start(inherited), 'it can only be inherited');
  });

  function given(outcome: StartOutcome, reason: string): void {
    expect(outcome).toMatchObject({ kind: 'failed', again: false, reason: expect.stringContaining(reason) });
  }
});

describe('ProcessDriver tells how a start failed', () => {
  const crash = sleeper({
    ports: [{ name: 'http', containerPort: 80, protocol: 'http' }],
    ...shell('echo one; echo "the key is $TOKEN"; sleep 0.2; echo "no database" >&2; exit 3'),
    secrets: [{ name: 'token', envKey: 'TOKEN', source: 'auto-generated' }],
  });

  test('with exit code and last lines, at once, and without secrets', async () => {
    const instance = await started(crash);
    const outcome = await ready(crash, instance);
    expect(outcome).toEqual({
      kind: 'failed',
      portTaken: false,
      reason: '"web" ended with exit code 3; it last said: one | the key is [redacted] | no database',
    });
  });

  test('naming a port that nobody listens on, and how a program learns it', async () => {
    const spec = sleeper({ ports: [{ name: 'http', containerPort: 80, protocol: 'http' }] });
    const instance = await started(spec);
    expect(await ready(spec, instance, 100)).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(
        /^"web" does not listen on port "http" \(\d+\) after 0\.1 s; tell the program its port with \$\{port\.http\}/,
      ),
    });
  });

  test('seeing that somebody else has its port', async () => {
    const spec = sleeper({
      ports: [{ name: 'http', containerPort: 80, protocol: 'http' }],
      ...shell('echo "listen EADDRINUSE: address already in use"; exit 1'),
    });
    expect(await ready(spec, await started(spec))).toMatchObject({ kind: 'failed', portTaken: true });
  });

  test('not waiting on when it is cancelled', async () => {
    const spec = server('web', { args: ['setTimeout(() => {}, 1e6)'] });
    const instance = await started(spec);
    const asking = new AbortController();
    const waiting = driver.ready({ scope, instance, spec, timeoutMs: 60_000, signal: asking.signal });
    asking.abort();
    expect(await waiting).toEqual({ kind: 'cancelled' });
  });
});

describe('ProcessDriver stops', () => {
  test('a whole group, grandchildren too', async () => {
    const instance = await started(sleeper(shell('sleep 1001 & sleep 1002 & sh -c "sleep 1003 & wait" & wait')));
    await eventually(() => processesWith(dataDir).length >= 5);
    await driver.stop(scope, instance, 1);
    expect(processesWith(dataDir)).toEqual([]);
  });

  test('by SIGKILL what does not hear, and what is paused', async () => {
    const deaf = await started(sleeper(shell('trap "" TERM; echo deaf; while :; do sleep 0.05; done')), 'web-1');
    const paused = await started(sleeper(), 'web-2');
    process.kill(paused.pid, 'SIGSTOP');
    await eventually(async () =>
      (await readFile(join(foldersOf(dataDir, scope).logs, 'web-1.log'), 'utf8')).includes('deaf'),
    );
    await Promise.all([driver.stop(scope, deaf, 1), driver.stop(scope, paused, 1)]);
    expect(processesWith(dataDir)).toEqual([]);
  });

  test('what a dead leader left behind', async () => {
    const instance = await started(sleeper(shell('sleep 1001 & sleep 1002 & exit 0')));
    await eventually(() => !driver.isAlive(instance));
    expect(processesWith(dataDir)).toHaveLength(2);
    await driver.stop(scope, instance, 1);
    expect(processesWith(dataDir)).toEqual([]);
  });

  test('nobody else who got the same process id', async () => {
    const instance = await started(sleeper());
    const file = join(foldersOf(dataDir, scope).records, 'web-1');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^(\d+) \d+/, '$1 7'));
    expect(await driver.stop(scope, { ...instance, startTime: '7' }, 1)).toBe('passed');
    const alive = driver.isAlive(instance);
    expect(alive).toBe(true);
    process.kill(-instance.pid, 'SIGKILL');
  });

  test('what has ended already, twice as well as once', async () => {
    const instance = await started(sleeper(shell('exit 0')));
    await eventually(() => !driver.isAlive(instance));
    expect(await driver.stop(scope, instance, 1)).toBe('passed');
    expect(await driver.stop(scope, instance, 1)).toBe('passed');
  });
});

// protocol 23
describe('The fence', () => {
  test('lets no older epoch stamp, start, stop or clear', async () => {
    const instance = await started(sleeper());
    expect(await driver.stamp(scope, 3)).toBe('passed');
    expect(await driver.stamp(scope, 2)).toBe('fenced');
    expect(await start(sleeper(), 'web-2', 2)).toEqual({ kind: 'fenced' });
    expect(await driver.stop(scope, instance, 2)).toBe('fenced');
    expect(await driver.clear(scope, 2)).toBe('fenced');
    expect(driver.isAlive(instance)).toBe(true);
    expect(await start(sleeper(), 'web-2', 3)).toMatchObject({ kind: 'running' });
  });

  test('tells another environment nothing', async () => {
    await driver.stamp(scope, 9);
    expect(await driver.stamp({ ...scope, env: 'other' }, 1)).toBe('passed');
  });

  test('stops an owner that was paused before it could start', async () => {
    const { fence } = foldersOf(dataDir, scope);
    const holder = spawn('flock', [join(fence, 'lock'), 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await eventually(isLocked);
    const outcome = start(sleeper());
    const shim = await pausedShim();
    holder.stdin?.end();
    expect(await driver.stamp(scope, 2)).toBe('passed');
    process.kill(-shim, 'SIGCONT');
    expect(await outcome).toEqual({ kind: 'fenced' });
    expect(await driver.list(scope)).toEqual([]);
  });

  test('is not held shut by an older owner that was paused with the lock in its hand', async () => {
    const { fence } = foldersOf(dataDir, scope);
    const epoch = join(fence, 'epoch');
    const stamped = await readFile(epoch);
    await rm(epoch);
    await endOf(spawn('mkfifo', [epoch])); // who reads it has the lock, and waits
    const outcome = start(sleeper());
    await eventually(isLocked);
    const shim = await pausedShim();
    await rm(epoch);
    await writeFile(epoch, stamped);
    endPausedShims(fence, 1);
    expect(processState(shim), 'under the same epoch it is left alone').toBe('T');
    expect(await driver.stamp(scope, 2)).toBe('passed');
    expect(await outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('SIGKILL') });
    expect(await driver.list(scope)).toEqual([]);
  });

  async function isLocked(): Promise<boolean> {
    const probe = spawn('flock', ['-n', join(foldersOf(dataDir, scope).fence, 'lock'), 'true'], { stdio: 'ignore' });
    return (await endOf(probe)) !== 0;
  }

  /** Settles once the shim and whom it waits for stand still: a signal is heard a moment after it was sent. */
  async function pausedShim(): Promise<number> {
    const shim = await eventually(() => processesWith('driver/shim.sh').find(isLeaderOfOurs));
    process.kill(-shim, 'SIGSTOP');
    await eventually(() => groupMembers(shim).every(standsStill));
    return shim;
  }

  // D: it has just forked, and the kernel lets it go on once the other, which stands still, has become a program.
  function standsStill(pid: number): boolean {
    return ['T', 'D'].includes(processState(pid) ?? '');
  }

  function isLeaderOfOurs(pid: number): boolean {
    return processesWith(dataDir).includes(pid) && groupMembers(pid).includes(pid);
  }

  function endOf(child: ChildProcess): Promise<number | null> {
    return new Promise((resolve) => child.once('exit', resolve));
  }

  test('is closed where its file cannot be read as a number', async () => {
    await writeFile(join(foldersOf(dataDir, scope).fence, 'epoch'), 'rubbish\n');
    expect(await start(sleeper())).toEqual({ kind: 'fenced' });
  });
});

describe('A later driver', () => {
  test('finds what an earlier one left, and starts again what has ended', async () => {
    const alive = await started(sleeper(), 'web-1');
    const gone = await started(sleeper(shell('exit 0')), 'web-2');
    await eventually(() => !driver.isAlive(gone));
    driver = newDriver();
    expect(await driver.list(scope)).toEqual([alive]);
    expect(await driver.find(scope, 'web-1')).toEqual(alive);
    expect(await driver.find(scope, 'web-2')).toBeUndefined();
    expect(await start(sleeper(), 'web-2')).toMatchObject({ kind: 'running', already: false });
  });

  test('says of an adopted process what it can', async () => {
    const instance = await started(sleeper(shell('echo hello; exec sleep 1000')));
    const later = newDriver();
    await eventually(async () =>
      (await readFile(join(foldersOf(dataDir, scope).logs, 'web-1.log'), 'utf8')).includes('hello'),
    );
    process.kill(instance.pid, 'SIGKILL');
    await eventually(() => !isSameProcess(instance));
    expect(await later.lastWords(scope, instance)).toBe(
      '"web" ended, nobody saw with which exit code; it last said: hello',
    );
  });
});

describe('Secrets', () => {
  test('are generated once, 32 hexadecimal digits, readable by their owner only', async () => {
    const folder = foldersOf(dataDir, scope).secrets;
    const values = await Promise.all(Array.from({ length: 10 }, () => secretValue(folder, 'token')));
    expect(new Set(values).size).toBe(1);
    expect(values[0]).toMatch(/^[0-9a-f]{32}$/);
    expect((await stat(join(folder, 'token'))).mode & 0o777).toBe(0o600);
  });

  test('go with a deleted environment, like its data', async () => {
    const spec = sleeper({ stateful: true, secrets: [{ name: 'token', envKey: 'TOKEN', source: 'auto-generated' }] });
    await driver.stop(scope, await started(spec), 1);
    const { data, secrets } = foldersOf(dataDir, scope);
    await stat(data);
    expect(await driver.clear(scope, 1)).toBe('passed');
    await expect(stat(data)).rejects.toThrow('ENOENT');
    await expect(stat(secrets)).rejects.toThrow('ENOENT');
  });
});

test('groupEnded() counts no zombie', async () => {
  const parent = spawn('sh', ['-c', 'setsid sh -c "echo \\$\\$" & exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, MARK: dataDir },
  });
  const leader = await new Promise<number>((resolve) => parent.stdout?.once('data', (text) => resolve(Number(text))));
  await eventually(() => processState(leader) === undefined);
  expect(() => process.kill(-leader, 0)).not.toThrow();
  expect(groupEnded(leader)).toBe(true);
  parent.kill('SIGKILL');
});

describe('ProcessDriver asks the probes of a program', () => {
  const times = { initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 1, failures: 2, successes: 1 };
  const http = { kind: 'http', port: 'http', path: '/ready', headers: { 'x-from': 'probe' } } as const;
  /** Answers 503 that many times, then 200 to who asks as the probe does. */
  const reluctant = (refusals: number, probes: NonNullable<ServiceSpec['probes']>) =>
    server('web', {
      args: [
        `let left = ${refusals}; require("http").createServer((request, response) => { const ok = request.url === "/ready" && request.headers["x-from"] === "probe" && left-- <= 0; response.writeHead(ok ? 200 : 503).end() }).listen(Number(process.env.PORT), "127.0.0.1")`,
      ],
      probes,
    });

  test('until readiness passes', async () => {
    const spec = reluctant(1, { readiness: { ...times, check: http } });
    expect(await ready(spec, await started(spec))).toEqual({ kind: 'ready' });
  });

  test('and says what a startup probe that never passes was told', async () => {
    const spec = reluctant(1_000, { startup: { ...times, check: http } });
    expect(await ready(spec, await started(spec))).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/^the startup probe of "web" does not pass: port \d+ answers with status 503/),
    });
  });

  test('at a port that nobody declares', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const spec = server('web', { probes: { startup: { ...times, check: { kind: 'tcp', port } } } });
    const instance = await started(spec);
    expect(await ready(spec, instance)).toEqual({ kind: 'ready' });
    await new Promise((resolve) => other.close(resolve));
    expect(await ready(spec, instance)).toMatchObject({ kind: 'failed', portTaken: false });
  });
});
