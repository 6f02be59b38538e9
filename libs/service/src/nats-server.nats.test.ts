import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats, testNatsServer } from '@microstax/testkit/nats';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startNatsServer } from './nats-server.ts';
import { saysInfo } from './nats-server-ready.ts';
import { processState } from './process-identity.ts';

type Varz = {
  max_payload: number;
  host: string;
  jetstream: { config: { store_dir: string; sync_always?: boolean } };
};

let storeDir: string;
beforeEach(() => {
  storeDir = mkdtempSync(join(tmpdir(), 'msx-store-'));
});
afterEach(() => rmSync(storeDir, { recursive: true, force: true }));

describe('startNatsServer()', () => {
  test('answers once it greets, with JetStream in its folder and writes synced where the version can', async () => {
    await using server = await startTestNats({ storeDir, monitorPort: 0 });
    expect(await saysInfo(server.port)).toBe(true);
    const varz = (await (await fetch(`${server.monitorUrl}/varz`)).json()) as Varz;
    expect(varz).toMatchObject({ host: '127.0.0.1', max_payload: 8 * 1024 * 1024 });
    expect(varz.jetstream.config.store_dir).toBe(join(storeDir, 'jetstream'));
    expect(varz.jetstream.config.sync_always).toBe(server.version.startsWith('2.9.') ? undefined : true);
  });

  test('stop() ends the process and may be called again; the same port and store serve the next', async () => {
    const first = await startTestNats({ storeDir });
    await first.stop();
    await first.stop();
    expect(processState(first.pid)).toBeUndefined();
    await using second = await startTestNats({ storeDir, port: first.port });
    expect(second.url).toBe(first.url);
  });

  test('stop() also ends a server that was paused', async () => {
    const server = await startTestNats();
    server.kill('SIGSTOP');
    await eventually(() => processState(server.pid) === 'T');
    await server.stop();
    expect(processState(server.pid)).toBeUndefined();
  });

  test('exited settles when somebody kills the server', async () => {
    await using server = await startTestNats();
    server.kill('SIGKILL');
    await server.exited;
    expect(processState(server.pid)).toBeUndefined();
  });

  test('rejects with the words of a server that cannot start', async () => {
    const { path } = await testNatsServer();
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await expect(startNatsServer({ path, storeDir, port })).rejects.toThrow(
      /Cannot start nats-server .* on port \d+: .*address already in use/,
    );
    holder.close();
  });

  test.skipIf(!existsSync('/usr/bin/setpriv'))(
    'ends with a parent that is killed, where setpriv is installed',
    async () => {
      const { path } = await testNatsServer();
      const door = fileURLToPath(new URL('./nats-server.ts', import.meta.url));
      const program = `
      const { startNatsServer } = await import(${JSON.stringify(door)});
      const server = await startNatsServer({ path: ${JSON.stringify(path)}, storeDir: ${JSON.stringify(storeDir)} });
      console.log(server.pid);
      setInterval(() => {}, 1_000);
    `;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [bytes] = await once(parent.stdout, 'data');
      const pid = Number(bytes);
      expect(processState(pid)).toBeDefined();
      parent.kill('SIGKILL');
      await eventually(() => processState(pid) === undefined, { message: 'the server has ended' });
    },
  );
});

test('startTestNats() removes its own store when it is disposed', async () => {
  const server = await startTestNats({ monitorPort: 0 });
  const { jetstream } = (await (await fetch(`${server.monitorUrl}/varz`)).json()) as Varz;
  const own = dirname(jetstream.config.store_dir);
  expect(existsSync(join(own, 'nats-server.conf'))).toBe(true);
  await server[Symbol.asyncDispose]();
  expect(existsSync(own)).toBe(false);
});
