import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type FoundNatsServer,
  findNatsServer,
  howToGetNatsServer,
  type RunningNatsServer,
  startNatsServer,
} from '@microstax/service/nats-server';
import { testEnv } from './config.ts';

export type TestNatsOptions = {
  /** A folder of the caller's, which outlives the server; by default a temporary one of our own. */
  readonly storeDir?: string;
  /** Leaves our temporary folder where it is, for a look at it. */
  readonly keepStore?: boolean;
  /** By default a free one; a test that starts the server again asks for the same. */
  readonly port?: number;
  readonly monitorPort?: number;
};

/**
 * A nats-server of the test's own on loopback, fetched where the machine has none. Disposing it stops it and removes
 * its temporary store. Rejects, with what to install, where no server can be had: a test must not pass without.
 */
export async function startTestNats(options: TestNatsOptions = {}): Promise<RunningNatsServer> {
  const { path } = await testNatsServer();
  const storeDir = options.storeDir ?? (await mkdtemp(join(tmpdir(), 'msx-nats-')));
  const { port = 0, monitorPort } = options;
  const server = await startNatsServer({ path, storeDir, port, ...(monitorPort === undefined ? {} : { monitorPort }) });
  const stop = async (): Promise<void> => {
    await server.stop();
    if (options.storeDir === undefined && options.keepStore !== true)
      await rm(storeDir, { recursive: true, force: true });
  };
  return { ...server, stop, [Symbol.asyncDispose]: stop };
}

/** The program that the tests run: MSX_NATS_SERVER chooses another version. */
export async function testNatsServer(): Promise<FoundNatsServer> {
  const announce = (line: string): void => void process.stderr.write(`${line}\n`);
  const found = await findNatsServer({ env: testEnv(), allowFetch: true, announce });
  if (found === undefined) throw new Error(`Cannot run this test without a nats-server; ${howToGetNatsServer}`);
  return found;
}
