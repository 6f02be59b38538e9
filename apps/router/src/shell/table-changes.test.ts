import { Agent } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Called, call } from '../testing/calls.ts';
import { type Instance, startInstance } from '../testing/instances.ts';
import { aRouter, shopAt, type TestRouter } from '../testing/router.ts';

const requests = 2_000;
const concurrency = 32;
const requestsPerFlip = 20;

test('no request is dropped while a table changes: routes before removals, under constant load', async () => {
  await using router = aRouter();
  await using instances = new AsyncDisposableStack();
  const start = async (name: string): Promise<Instance> => instances.use(await startInstance(name, answerInPieces));
  let serving = [await start('one-0'), await start('two-0')];
  router.put(table(serving, 0));
  const loading = load(await router.listen('shop', 'web'));
  let flips = 0;
  while (await loading.reaches(flips * requestsPerFlip)) {
    const before = serving;
    flips += 1;
    serving = [await start(`one-${flips}`), await start(`two-${flips}`)];
    router.put(table(serving, flips));
    await removed(router, before, flips - 1);
  }
  const results = await loading.results;
  const failed = results.filter(({ status }) => status !== 200);
  expect({ failed, answered: results.length }).toEqual({ failed: [], answered: requests });
  expect(results.every(({ body }, index) => body === `body ${index}`)).toBe(true);
  expect(new Set(results.map(({ headers }) => headers['x-served-by'])).size).toBeGreaterThan(50);
}, 60_000);

test('no request that may be read twice is dropped by a target that ends while the table still names it', async () => {
  await using router = aRouter();
  await using instances = new AsyncDisposableStack();
  const start = async (name: string): Promise<Instance> => instances.use(await startInstance(name, answerInPieces));
  let serving = [await start('one-0'), await start('two-0')];
  router.put(table(serving, 0));
  const loading = load(await router.listen('shop', 'web'), 'GET');
  const endings: (Promise<void> | undefined)[] = [];
  let flips = 0;
  while (await loading.reaches(flips * requestsPerFlip)) {
    const before = serving;
    flips += 1;
    serving = [await start(`one-${flips}`), await start(`two-${flips}`)];
    endings.push(before[0]?.shutDown());
    await loading.reaches((flips - 0.5) * requestsPerFlip);
    router.put(table(serving, flips));
    await removed(router, before, flips - 1);
    await loading.present(); // nobody meets two of them, for one repetition is what a request is given
  }
  const results = await loading.results;
  await Promise.all(endings);
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(results.map(({ headers }) => headers['x-served-by'])).size).toBeGreaterThan(20);
}, 60_000);

/** As the runtime removes: once the router reports the old instances idle, in an orderly way. */
async function removed({ routing }: TestRouter, instances: readonly Instance[], generation: number): Promise<void> {
  const ids = instances.map((_, index) => instanceId(index, generation));
  expect(await routing.inFlight.idle('shop', ids, 10_000)).toBe(0);
  await Promise.all(instances.map((instance) => instance.shutDown()));
}

function table(instances: readonly Instance[], generation: number): ReturnType<typeof shopAt> {
  const made = shopAt(
    instances.map(({ port }) => port),
    { generation },
  );
  const endpoints = made.endpoints.map((endpoint, index) => ({ ...endpoint, instance: instanceId(index, generation) }));
  return { ...made, endpoints };
}

const instanceId = (index: number, generation: number): string => `web-${index}-${generation}`;

async function answerInPieces(...[incoming, outgoing]: Parameters<Parameters<typeof startInstance>[1] & object>) {
  const body = await buffer(incoming);
  outgoing.write(body.subarray(0, 2));
  setImmediate(() => outgoing.end(body.subarray(2)));
}

type Load = {
  /** Settles once so many are answered, with false where all are. */
  reaches(answered: number): Promise<boolean>;
  /** Settles once all that are under way are answered. */
  present(): Promise<unknown>;
  readonly results: Promise<Called[]>;
};

/** Every other request goes over connections that the client keeps; every third is a GET, or all are. */
function load(port: number, only?: string): Load {
  const agent = new Agent({ keepAlive: true });
  const results: Called[] = [];
  let next = 0;
  let answered = 0;
  const ask = async (index: number): Promise<Called> => {
    const method = only ?? (index % 3 === 0 ? 'GET' : 'POST');
    const body = `body ${index}`;
    const kept = index % 2 === 0 ? { agent } : {};
    const called = await call(port, { ...kept, method, ...(method === 'POST' ? { body } : {}) });
    return method === 'POST' ? called : { ...called, body };
  };
  const underWay = new Set<Promise<unknown>>();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < requests; index = next++) {
      const asked = ask(index).catch(({ message }: Error) => ({ status: 0, headers: {}, body: message }));
      underWay.add(asked);
      results[index] = await asked;
      underWay.delete(asked);
      answered += 1;
    }
  };
  const reaches = async (wanted: number): Promise<boolean> => {
    while (answered < Math.min(wanted, requests)) await new Promise(setImmediate);
    return answered < requests;
  };
  const all = Promise.all(Array.from({ length: concurrency }, worker));
  const present = (): Promise<unknown> => Promise.all(underWay);
  return { reaches, present, results: all.then(() => results).finally(() => agent.destroy()) };
}
