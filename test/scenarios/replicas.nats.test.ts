import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { startLoad } from './load.ts';
import { runCliHere } from './run-cli.ts';

/** Several instances of one service behind the router: started, answering in turn, kept, replaced, lost and healed one by one. */

let house: House;
beforeAll(async () => {
  house = await startHouse({ env: { MSX_OBSERVE: '300ms' } });
});
afterAll(() => house?.[Symbol.asyncDispose]());

const shop = (replicas: number, version = '1') =>
  asYaml(
    baseline('herd', [echo('web', { upstreams: ['api'], expose: true }), echo('api', { version, more: { replicas } })]),
  );
const pidsOf = async (service: string) => [...((await house.pids('herd'))[service] ?? [])].toSorted();
const msx = (...words: string[]) => runCliHere(words, { NATS_URL: house.url, NO_COLOR: '1' });

/** Process ids of `api` that answer, over so many requests. */
async function answering(requests = 30): Promise<readonly number[]> {
  const url = await house.urlOf('herd', 'web');
  const seen = new Set<number>();
  for (let request = 0; request < requests; request += 1) {
    const { status, body } = await askHttp<EchoAnswer>(url);
    expect(status).toBe(200);
    for (const call of body.calls) if (call) seen.add(call.pid);
  }
  return [...seen].toSorted();
}

test('three replicas are three processes that answer in turn; a change of their number keeps those that stay', async () => {
  expect((await house.apply('herd', shop(3))).activation).toMatchObject({ outcome: 'ready' });
  const three = await pidsOf('api');
  expect(three).toHaveLength(3);
  expect(await answering()).toEqual(three);

  expect(await msx('scale', 'herd', 'api', '5', '--wait')).toMatchObject({
    code: 0,
    stdout: 'service/herd/api has 5 replicas now, generation 2\n',
  });
  const five = await pidsOf('api');
  expect(five).toHaveLength(5);
  expect(five).toEqual(expect.arrayContaining(three));
  expect(await answering(50)).toEqual(five);

  expect((await house.apply('herd', shop(2))).activation?.outcome).toBe('ready');
  const two = await pidsOf('api');
  expect(two).toHaveLength(2);
  expect(three).toEqual(expect.arrayContaining(two));
  expect(await answering()).toEqual(two);
  await oneAnswerOneOutcome(house);
});

test('a new version is ready in every replica before the first request goes there, and none fails meanwhile', async () => {
  const before = await pidsOf('api');
  const url = await house.urlOf('herd', 'web');
  const load = startLoad(url, [{}, {}]);
  expect((await house.apply('herd', shop(2, '2'))).activation?.outcome).toBe('ready');
  expect((await load.stop()).failed).toEqual([]);
  const after = await pidsOf('api');
  expect(after).toHaveLength(2);
  expect(after.some((pid) => before.includes(pid))).toBe(false);
  await oneAnswerOneOutcome(house);
});

test('a replica that dies is healed alone, while the other answers', async () => {
  const [lost = 0, kept = 0] = await pidsOf('api');
  process.kill(lost, 'SIGKILL');
  const healed = await eventually(async () => {
    const pids = await pidsOf('api');
    return pids.length === 2 && !pids.includes(lost) && pids;
  });
  expect(healed).toContain(kept);
  await eventually(async () => (await house.status('herd'))?.state === 'ready');
  expect(await answering()).toEqual(healed);
  await oneAnswerOneOutcome(house);
});

test('none may be wanted, and asleep there are none', async () => {
  expect(await msx('scale', 'herd', 'api', '0', '--wait')).toMatchObject({ code: 0 });
  expect(await pidsOf('api')).toEqual([]);
  expect((await house.command('sleep', 'herd')).activation?.outcome).toBe('ready');
  expect(await house.pids('herd')).toEqual({});
  expect(await msx('scale', 'herd', 'api', '101')).toMatchObject({ code: 2 });
  expect(await msx('scale', 'herd', 'nobody', '1')).toMatchObject({ code: 3 });
  await oneAnswerOneOutcome(house);
});
