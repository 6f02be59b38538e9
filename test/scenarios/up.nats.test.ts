import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isSameProcess } from '@microstax/service/process-identity';
import { eventually } from '@microstax/testkit/eventually';
import { testNatsServer } from '@microstax/testkit/nats';
import { processesWith } from '@microstax/testkit/processes';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { readUpFile, type UpFile } from '../../apps/cli/src/up-file.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo } from './blueprints.ts';
import { type CliRun, runCli, startCli } from './run-cli.ts';

/** `msx up` as a process: what it starts, writes, and leaves behind. */

vi.setConfig({ testTimeout: 120_000 }); // a dozen processes each, on a machine that may be busy with other tests

let dataDir: string;
let env: Readonly<Record<string, string>>;
let up: CliRun | undefined;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'msx-up-'));
  // TMPDIR marks every program that the runtime starts, so that one left behind is found.
  env = {
    MSX_DATA: dataDir,
    TMPDIR: dataDir,
    MSX_NATS_SERVER: (await testNatsServer()).path,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
  };
});
afterEach(async () => {
  if (up !== undefined && up.child.exitCode === null && up.child.signalCode === null) {
    up.child.kill('SIGTERM');
    await up.ended;
  }
  up = undefined;
  for (const pid of processesWith(dataDir)) process.kill(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

test('msx up starts everything, writes up.json, and ends in order with nothing left behind', async () => {
  up = startCli(['up', '--data', dataDir], env);
  const file = await ready();
  expect(file.processes.map(({ name }) => name)).toEqual(['msx', 'nats-server', 'router']);
  expect(file.processes.every(isSameProcess)).toBe(true);
  const second = await runCli(['up', '--data', dataDir], env);
  expect({ code: second.code, told: second.stderr.includes(`in use by msx up with pid ${file.pid}`) }).toEqual({
    code: exitCodes.failed,
    told: true,
  });

  const url = await shopUrl();
  expect((await askHttp<EchoAnswer>(url)).body).toMatchObject({ name: 'web', environment: 'shop' });
  const logs = await runCli(['logs', 'shop', 'web'], env);
  expect(logs.stdout).toContain('web 1 listens');

  // As Ctrl-C under npm: the same wish twice.
  up.child.kill('SIGINT');
  up.child.kill('SIGINT');
  const ended = await up.ended;
  expect(ended.code, ended.stderr).toBe(exitCodes.ok);
  expect(processesWith(dataDir)).toEqual([]);
  expect(readUpFile(dataDir)).toMatchObject({ ready: false });
  const after = await runCli(['status'], env);
  expect(after.stderr).toContain(`Nothing runs: the msx up (pid ${file.pid}) of ${dataDir} has ended`);
  expect(after.code).toBe(exitCodes.failed);
});

test('after kill -9 the programs live on, and the next msx up adopts them and ends what else was left', async () => {
  up = startCli(['up', '--data', dataDir], env);
  const before = await ready();
  const { body } = await askHttp<EchoAnswer>(await shopUrl());
  up.child.kill('SIGKILL');
  await up.exited;
  expect(processesWith(dataDir)).toContain(body.pid);

  up = startCli(['up', '--data', dataDir], env);
  const after = await ready(before.pid);
  expect(before.processes.filter(isSameProcess)).toEqual([]);
  const url = await eventually(() => readUpFile(dataDir)?.environments.shop?.web?.http);
  await eventually(async () => (await askHttp<EchoAnswer>(url)).body.pid === body.pid, {
    timeoutMs: 20_000,
    message: `process ${body.pid} answers again`,
  });
  const status = await runCli(['status', 'shop', '-o', 'json'], env);
  expect(JSON.parse(status.stdout)).toMatchObject({ state: 'ready', generation: 1 });

  up.child.kill('SIGINT');
  expect((await up.ended).code).toBe(exitCodes.ok);
  expect(after.pid).not.toBe(before.pid);
  expect(processesWith(dataDir)).toEqual([]);
});

test('msx up --split runs six processes of their own, starts one again that was killed, and leaves nothing', async () => {
  up = startCli(['up', '--split', '--data', dataDir], env);
  const before = await ready();
  const names = ['graph', 'intake', 'msx', 'nats-server', 'planner', 'resolver', 'router', 'runtime', 'validator'];
  expect(before.processes.map(({ name }) => name).sort()).toEqual(names);
  expect(before.processes.every(isSameProcess)).toBe(true);

  process.kill(pidOf(before, 'planner'), 'SIGKILL');
  expect((await askHttp<EchoAnswer>(await shopUrl())).body).toMatchObject({ name: 'web' });
  const planner = pidOf(readUpFile(dataDir), 'planner');
  expect(planner).not.toBe(pidOf(before, 'planner'));
  expect(up.said().stderr).toContain('planner ended (SIGKILL), starting it again');

  up.child.kill('SIGTERM');
  const ended = await up.ended;
  expect(ended.code, ended.stderr).toBe(exitCodes.ok);
  expect(processesWith(dataDir)).toEqual([]);
});

test.each([
  ['a service', { REDIS_URL: 'foo' }, 'Cannot read REDIS_URL', exitCodes.usage],
  ['the router', { MSX_ROUTER_WAKE_HOLD: 'abc' }, 'MSX_ROUTER_WAKE_HOLD', exitCodes.failed],
])('a setting that %s cannot act on ends msx up with its name, and leaves nothing', async (_of, bad, said, code) => {
  const ended = await runCli(['up', '--data', dataDir], { ...env, ...bad });
  expect(ended.stderr).toContain(said);
  expect(ended.stderr).not.toContain('starting it again');
  expect(ended.code, ended.stderr).toBe(code);
  expect(processesWith(dataDir)).toEqual([]);
});

test('after kill -9 of msx up --split the programs live on too, and the next msx up adopts them', async () => {
  up = startCli(['up', '--split', '--data', dataDir], env);
  const before = await ready();
  const { body } = await askHttp<EchoAnswer>(await shopUrl());
  up.child.kill('SIGKILL');
  await up.exited;

  up = startCli(['up', '--data', dataDir], env);
  await ready(before.pid);
  expect(before.processes.filter(isSameProcess)).toEqual([]);
  const url = await eventually(() => readUpFile(dataDir)?.environments.shop?.web?.http);
  await eventually(async () => (await askHttp<EchoAnswer>(url)).body.pid === body.pid, {
    timeoutMs: 20_000,
    message: `process ${body.pid} answers again`,
  });
  up.child.kill('SIGTERM');
  expect((await up.ended).code).toBe(exitCodes.ok);
  expect(processesWith(dataDir)).toEqual([]);
});

function pidOf(file: UpFile | undefined, name: string): number {
  const found = file?.processes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`up.json has no process "${name}"`);
  return found.pid;
}

function ready(notPid?: number): Promise<UpFile> {
  return eventually(
    () => {
      if (up?.child.exitCode !== null) throw new Error(`msx up ended: ${up?.said().stderr}`);
      const file = readUpFile(dataDir);
      return file?.ready === true && file.pid !== notPid && file;
    },
    { timeoutMs: 40_000, message: 'msx up is ready' },
  );
}

/** Applies a shop of one exposed service; its address stands in `up.json`. */
async function shopUrl(): Promise<string> {
  const file = join(dataDir, 'shop.yaml');
  writeFileSync(file, asYaml(baseline('shop', [echo('web', { expose: true })])));
  const { code, stderr } = await runCli(['apply', '-f', file, '--wait'], env);
  expect(code, stderr).toBe(exitCodes.ok);
  return eventually(() => readUpFile(dataDir)?.environments.shop?.web?.http);
}
