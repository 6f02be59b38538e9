import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap } from '@microstax/bus/bootstrap';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { resolveRoute } from '@microstax/contracts/resolver-requests';
import { buckets, environmentKey, incarnationKey } from '@microstax/contracts/topology';
import { startResolver } from '@microstax/resolver/service';
import { type Log, silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisActivityClocks } from '../../apps/router/src/shell/redis-activity-clocks.ts';
import { aTable } from '../../apps/router/src/testing/tables.ts';
import { type DebianProgram, debianProgram } from '../artifacts/debian-program.ts';

/** What replicas share by a real redis-server, and what they do while it is away. */

const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblua5.1-0', 'liblzf1', 'lua-cjson', 'lua-bitop'];
const folder = await mkdtemp(join(tmpdir(), 'msx-redis-'));
const found = await debianProgram(folder, packages, 'redis-server', 'bin');
const owned = new AsyncDisposableStack();
owned.defer(() => rm(folder, { recursive: true, force: true }));
afterAll(() => owned.disposeAsync());

describe.skipIf(found === undefined)('with a real redis-server', () => {
  const program = found as DebianProgram;
  let port = 0;
  let running: ChildProcess | undefined;

  async function start(): Promise<void> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const child = spawn(program.path, args, { env: program.env, stdio: ['ignore', 'pipe', 'inherit'] });
    running = child;
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (bytes: Buffer) => void (bytes.includes('Ready to accept connections') && resolve()));
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    });
  }

  async function stop(): Promise<void> {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  const urlOf = (): string => `redis://127.0.0.1:${port}`;
  beforeAll(async () => {
    port = await freePort();
    owned.defer(stop);
    await start();
  });

  test('routers share their clocks; each goes on alone while Redis is away, says so once, and tells when it is back', async () => {
    const { log, said } = listening();
    let now = 1_000;
    const clock = { now: () => now };
    await using one = redisActivityClocks({ url: urlOf(), org: 'default', log, clock });
    await using other = redisActivityClocks({ url: urlOf(), org: 'default', log: silentLog, clock });
    await using foreign = redisActivityClocks({ url: urlOf(), org: 'foreign', log: silentLog, clock });
    one.touch('shop');
    await eventually(async () => (await other.lastActivity('shop')) === 1_000);
    expect(await foreign.lastActivity('shop')).toBeUndefined();
    now = 500; // a router whose clock is behind takes nothing back
    other.touch('shop');
    expect(await other.lastActivity('shop')).toBe(1_000);

    await stop();
    now = 3_000;
    one.touch('shop');
    expect(await one.lastActivity('shop')).toBe(3_000);
    expect(await other.lastActivity('shop')).toBe(500);
    await eventually(() => said.filter((line) => line.includes('is away')).length === 1);

    await start(); // empty: what was touched since is told anew
    await eventually(async () => (await other.lastActivity('shop')) === 3_000);
    expect(said).toEqual(['Redis is away: clocks of this router alone count', 'Redis is back']);
  });

  test('a replica of the resolver that starts before the graph answers by what others shared; the bus has the last word', async () => {
    const nats = owned.use(await startTestNats());
    const first = await busOf(nats.url);
    await bootstrap(first);
    await (await first.bucket(buckets.bus)).put(incarnationKey, { incarnation: 1, openedAt: 0 });
    const routes = await first.bucket(buckets.routes);
    const put = (env: string) =>
      routes.put(environmentKey('default', env), aTable(env, { records: { pay: env }, running: { pay: [1] } }));
    await put('shop');
    await put('gone');
    const config = { natsUrl: nats.url, logLevel: 'silent', redisUrl: urlOf() };
    const { log, said } = listening();
    owned.use(await startResolver(config, { log }));
    await eventually(() =>
      ask(first, 'shop').then(
        ({ kind }) => kind === 'target',
        () => false,
      ),
    );
    await put('late');
    await eventually(async () => (await ask(first, 'late')).kind === 'target');

    // Another bus, which nobody has opened yet: only Redis can tell.
    const empty = owned.use(await startTestNats());
    const second = await busOf(empty.url);
    owned.use(await startResolver({ ...config, natsUrl: empty.url }, { log: silentLog }));
    await eventually(() =>
      ask(second, 'gone').then(
        ({ kind }) => kind === 'target',
        () => false,
      ),
    );
    await bootstrap(second);
    const later = await second.bucket(buckets.routes);
    await later.put(environmentKey('default', 'shop'), aTable('shop', { records: { pay: 'shop' } }));
    await (await second.bucket(buckets.bus)).put(incarnationKey, { incarnation: 1, openedAt: 0 });
    await eventually(async () => (await ask(second, 'gone')).kind === 'denied');
    expect(await ask(second, 'shop')).toMatchObject({ kind: 'target' });

    await stop();
    expect(await ask(first, 'late')).toMatchObject({ kind: 'target' });
    await put('alone');
    await eventually(async () => (await ask(first, 'alone')).kind === 'target');
    await start();
    await eventually(() => said.includes('Redis is back'));
    expect(said.filter((line) => line.startsWith('Redis is away'))).toHaveLength(1);
  });
});

async function busOf(url: string): Promise<Bus> {
  const telemetry = owned.use(startTelemetry({ service: 'test' }));
  return owned.use(await connectBus({ url, service: 'test', log: silentLog, telemetry }));
}

function ask(bus: Bus, env: string) {
  return bus.request(resolveRoute, 'default', { env, service: 'pay' }, { timeoutMs: 500 });
}

function listening(): { readonly log: Log; readonly said: string[] } {
  const said: string[] = [];
  const hear = (...words: unknown[]): void => void said.push(String(words.at(-1)));
  const heard = (...words: unknown[]): void => void (String(words.at(-1)).startsWith('Redis') && hear(...words));
  const log = { ...silentLog, debug: () => {}, info: heard, warn: heard, error: heard } as unknown as Log;
  return { log, said };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
