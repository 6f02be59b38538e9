import { connect, type Socket } from 'node:net';
import { activityOf } from '@microstax/contracts/router-requests';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, chain, type EchoAnswer, echo, hopsOf, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type Load, startLoad } from './load.ts';

/** A request for what sleeps is held by the router, wakes it, and goes on; none is lost (protocol 14, decision 33). */

const heldMax = 40;
let house: House;
beforeAll(async () => {
  house = await startHouse({ env: { MSX_ROUTER_WAKE_HELD: String(heldMax) } });
});
afterEach(() => house.gates.releaseAll());
afterAll(() => house?.[Symbol.asyncDispose]());

const answeredBy = (load: Load) => Object.values(load.ways()).reduce((sum, count) => sum + count, 0);
const shop = (name: string) => asYaml(baseline(name, [echo('web', { upstreams: ['api'], expose: true }), echo('api')]));

async function asleep(name: string): Promise<string> {
  await house.apply(name, shop(name));
  const url = await house.urlOf(name, 'web');
  expect((await house.command('sleep', name)).activation?.outcome).toBe('ready');
  return url;
}

test('twenty requests at once wake an environment once, and each is answered by it', async () => {
  const url = await asleep('early');
  const answers = await Promise.all(Array.from({ length: 20 }, () => askHttp<EchoAnswer>(url)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(({ body }) => hopsOf(body)))).toEqual(new Set(['web@early > api@early']));
  expect(await house.outcome('early', 3)).toMatchObject({ cause: { kind: 'wake-up' }, outcome: 'ready' });
  expect((await house.status('early'))?.generation).toBe(3);
  await oneAnswerOneOutcome(house);
});

test('an overlay that sleeps is woken by its context, and with it the baseline that it needs', async () => {
  await house.apply('late', shop('late'));
  await house.apply('late-feat', asYaml(overlay('late-feat', 'late', [echo('api', { version: '2' })])));
  await house.command('sleep', 'late-feat');
  const url = await house.urlOf('late', 'web');
  expect(hopsOf((await askHttp<EchoAnswer>(url)).body)).toBe('web@late > api@late');
  expect((await house.status('late-feat'))?.state).toBe('asleep'); // nobody asked for it
  await house.command('sleep', 'late', { cascade: true });
  const answer = await askHttp<EchoAnswer>(url, { 'x-msx-env': 'late-feat' });
  expect(hopsOf(answer.body)).toBe('web@late > api@late-feat');
  for (const env of ['late', 'late-feat']) await eventually(async () => (await house.status(env))?.state === 'ready');
  await oneAnswerOneOutcome(house);
});

test('who finds no place is told when to come again, and who leaves makes room', async () => {
  const url = await asleep('full');
  const held = house.gates.hold('runtime', ({ subject }) => subject.includes('.full.'));
  const { hostname: host, port } = new URL(url);
  const sockets: Socket[] = [];
  try {
    for (let index = 0; index < heldMax; index += 1) {
      const socket = connect({ host, port: Number(port) });
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nhost: full\r\n\r\n');
      sockets.push(socket);
    }
    await held.reached;
    const refused = await eventually(async () => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      return answer?.status === 503 && answer;
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ error: { code: 'too-many-held' } });
    for (const socket of sockets) socket.destroy();
    const patient = fetch(url);
    held.release();
    expect((await patient).status).toBe(200);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await oneAnswerOneOutcome(house);
});

test('a raw connection is held too, with what its client has sent', async () => {
  const raw = { ports: [{ name: 'http', containerPort: 21_000, protocol: 'tcp' }] };
  await house.apply('wire', asYaml(baseline('wire', [echo('web', { expose: true, more: raw })])));
  const url = await house.urlOf('wire', 'web');
  await house.command('sleep', 'wire');
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port) });
  socket.write('GET / HTTP/1.1\r\nhost: wire\r\nconnection: close\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString('utf8')).toMatch(/^HTTP\/1\.1 200 /);
  await oneAnswerOneOutcome(house);
});

test('a wake-up that fails refuses what it held, with the reason and what to do', async () => {
  const script =
    "if (require('node:fs').existsSync(process.env.BROKEN)) process.exit(3); require('node:http').createServer((_, a) => a.end('{}')).listen(process.env.PORT)";
  const broken = `${house.dataDir}/broken`;
  const frail = echo('web', {
    expose: true,
    env: { BROKEN: broken },
    more: { run: { command: ['node', '-e', script] } },
  });
  await house.apply('frail', asYaml(baseline('frail', [frail])));
  const url = await house.urlOf('frail', 'web');
  await house.command('sleep', 'frail');
  const { rm, writeFile } = await import('node:fs/promises');
  await writeFile(broken, '');
  const answer = await fetch(url);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    error: { code: 'cannot-wake', message: expect.stringContaining('exit code 3') },
  });
  await rm(broken);
  expect((await house.command('retry', 'frail')).activation).toMatchObject({ outcome: 'ready', wanted: 'running' });
  expect((await fetch(url)).status).toBe(200);
  await oneAnswerOneOutcome(house);
});

test('no request fails while an environment that is in use is put to sleep again and again', async () => {
  await house.apply('restless', asYaml(baseline('restless', chain())));
  const url = await house.urlOf('restless', 'web');
  const load = startLoad(url, [{}, {}, {}, { thinkMs: 30 }]);
  for (let round = 0; round < 5; round += 1) {
    const { answer } = await house.command('sleep', 'restless');
    expect(['revised', 'unchanged']).toContain(answer.kind);
    const before = answeredBy(load);
    await eventually(() => answeredBy(load) > before + 20, { timeoutMs: 30_000 });
  }
  const { answered, failed } = await load.stop();
  expect(failed).toEqual([]);
  expect(answered).toBeGreaterThan(100);
  await oneAnswerOneOutcome(house);
});

test('a request waits while the graph is away, and wakes once it is back', async () => {
  const url = await asleep('lonely');
  await house.stop('graph');
  const waiting = fetch(url);
  const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 300, 'still waits'))]);
  expect(early).toBe('still waits');
  await house.restart('graph');
  expect((await waiting).status).toBe(200);
  await oneAnswerOneOutcome(house);
});

test('a router says how long an environment has not been asked for, by itself or through its instances', async () => {
  await house.apply('used', shop('used'));
  await house.apply('used-feat', asYaml(overlay('used-feat', 'used', [echo('api', { version: '2' })])));
  const [id = ''] = await house.bus.routers();
  const idleMs = async (env: string) => {
    const reply = await house.bus.requestRouter(activityOf, id, { org: 'default', env });
    return reply.kind === 'seen' && reply.open === 0 ? reply.idleMs : -1;
  };
  const before = await idleMs('used-feat');
  expect(before).toBeGreaterThan(0);
  await askHttp(await house.urlOf('used', 'web'), { 'x-msx-env': 'used-feat' });
  for (const env of ['used', 'used-feat'])
    expect(await eventually(async () => (await idleMs(env)) >= 0 && idleMs(env))).toBeLessThan(before);
  expect(await idleMs('nobody')).toBeGreaterThan(before);
});
