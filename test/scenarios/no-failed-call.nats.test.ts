import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asYaml, baseline, echoPort, overlay, type WrittenBlueprint, type WrittenService } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** The same for gRPC as for requests: calls of one connection go their own ways, and an update loses none. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** Programs that end at once when told to: only a removal that waits for the calls under way spares these. */
function grpcEcho(name: string, upstream?: string, more: object = {}): WrittenService {
  const to = upstream === undefined ? '' : `\${host.${upstream}}:\${port.${upstream}.grpc}`;
  const calls = { service: upstream, kind: 'calls', port: 'grpc', protocol: 'grpc' };
  return {
    name,
    run: { command: ['node', 'grpc-echo.mjs'], cwd: 'test/scenarios/programs' },
    ports: [{ name: 'grpc', containerPort: echoPort, protocol: 'grpc' }],
    env: { PORT: `\${port.grpc}`, NAME: name, UPSTREAM: to, RUDE: '1' },
    dependsOn: upstream === undefined ? [] : [calls],
    ...more,
  };
}

const api = (version: string): WrittenService => grpcEcho('api', 'db', { args: [version] });
const db = (version: string): WrittenService => grpcEcho('db', undefined, { args: [version] });

test('no call fails while an overlay of one gRPC service is applied, changed and deleted, twice', async () => {
  await applied('calls', baseline('calls', [grpcEcho('web', 'api', { expose: true }), api('1'), db('1')]));
  const load = startCalls(await house.urlOf('calls', 'web', 'grpc'));
  const seen = async (way: string): Promise<void> => {
    const count = (): number => load.ways[`calls-feat: ${way}`] ?? 0;
    const before = count();
    await eventually(() => count() > before + 20, { timeoutMs: 20_000, message: `calls take the way ${way}` });
  };

  await seen('web@calls > api@calls > db@calls');
  for (const round of [1, 2]) {
    await applied('calls-feat', overlay('calls-feat', 'calls', [api(`${round}.1`)]));
    expect(await house.locals('calls-feat')).toEqual(['api']);
    await seen('web@calls > api@calls-feat > db@calls');
    await applied('calls-feat', overlay('calls-feat', 'calls', [api(`${round}.2`)]));
    await applied('calls-feat', overlay('calls-feat', 'calls', [api(`${round}.2`), db(`${round}.2`)]));
    await seen('web@calls > api@calls-feat > db@calls-feat');
    const deleted = await house.command('delete', 'calls-feat');
    expect(deleted.activation, deleted.activation?.reason).toMatchObject({ outcome: 'ready' });
    await seen('web@calls > api@calls > db@calls');
  }

  await load.stop();
  const answered = Object.values(load.ways).reduce((sum, count) => sum + count, 0);
  console.log(
    `${answered + load.failed.length} calls, ${load.failed.length} failed; ${JSON.stringify(load.ways, null, 2)}`,
  );
  expect(load.failed).toEqual([]);
  expect(answered).toBeGreaterThan(300);
  expect(Object.keys(load.ways).filter((way) => way.startsWith('no context'))).toEqual([
    'no context: web@calls > api@calls > db@calls',
  ]);
});

type Calls = {
  readonly ways: Readonly<Record<string, number>>;
  readonly failed: readonly string[];
  stop(): Promise<void>;
};

/** Twelve at a time over one connection, half of them with the overlay's context, some of them slow. */
function startCalls(url: string): Calls {
  const { host } = new URL(url);
  const client = new Client(host, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  const ways: Record<string, number> = {};
  const failed: string[] = [];
  let running = true;
  const work = async (index: number): Promise<void> => {
    const context = index % 2 === 0 ? 'calls-feat' : undefined;
    const metadata = new Metadata();
    if (context !== undefined) metadata.set('baggage', `msx-env=${context}`);
    while (running) {
      try {
        const way = `${context ?? 'no context'}: ${await echoed(client, index < 4 ? 'think=900' : 'hello', metadata)}`;
        ways[way] = (ways[way] ?? 0) + 1;
      } catch (error) {
        failed.push(`${context ?? 'no context'}: ${error instanceof Error ? error.message : error}`);
      }
    }
  };
  const all = Array.from({ length: 12 }, (_, index) => work(index));
  return {
    ways,
    failed,
    async stop() {
      running = false;
      await Promise.all(all);
      client.close();
    },
  };
}

function echoed(client: Client, message: string, metadata: Metadata): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/test.Echo/one',
      (value: string) => Buffer.from(value),
      (bytes: Buffer) => bytes.toString(),
      message,
      metadata,
      (error, answer) => (error ? reject(error) : resolve(answer ?? '')),
    );
  });
}

async function applied(env: string, blueprint: WrittenBlueprint): Promise<void> {
  const { activation } = await house.apply(env, asYaml(blueprint));
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
