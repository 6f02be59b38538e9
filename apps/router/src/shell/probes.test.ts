import type { PropagationObserved } from '@microstax/contracts/propagation';
import { expect, test } from 'vitest';
import { call } from '../testing/calls.ts';
import { type Instance, startInstance } from '../testing/instances.ts';
import { aRouter, type TestRouter } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';

const probe = 'a'.repeat(32);
const traceparent = `00-${probe}-${'b'.repeat(16)}-01`;
const headers = { baggage: `user=7;secure,msx-env=feat,msx-probe=${probe}`, traceparent };

test('a request without a probe is passed on as it came, and nothing is said of it', async () => {
  await using scene = await aScene(() => ({}));
  const answer = await call(scene.web, { headers: { baggage: 'user=7;secure' } });
  expect(JSON.parse(answer.body).baggage).toBe('user=7;secure');
  expect(scene.said).toEqual([]);
});

test('a probe is handed on under the name of the service that has it, so that the next hop knows its caller', async () => {
  await using scene = await aScene((sent) => ({ baggage: sent.baggage as string }));
  const answer = await call(scene.web, { headers });
  expect(JSON.parse(answer.body).baggage).toBe(`msx-env=feat,msx-probe=${probe}.shop.web,user=7;secure`);
  const common = {
    kind: 'request',
    probe,
    env: 'shop',
    port: 'http',
    evidence: 'probe',
    context: 'feat',
    stamped: false,
  };
  expect(scene.said).toEqual([
    { ...common, service: 'web', caller: null, inside: [] },
    { ...common, service: 'db', caller: { env: 'shop', service: 'web' }, inside: ['web'] },
    { kind: 'answered', probe },
  ]);
});

test('a call that kept the trace alone is known by it, one that kept nothing by its time', async () => {
  for (const [evidence, kept] of [
    ['trace', { traceparent }],
    ['time', {}],
  ] as const) {
    await using scene = await aScene(() => kept);
    await call(scene.web, { headers });
    expect(scene.said[1]).toMatchObject({ service: 'db', caller: null, evidence, context: null, inside: ['web'] });
    expect(scene.said.at(-1)).toEqual({ kind: 'answered', probe });
  }
});

test('a request that is known by its time alone may be a stranger’s: nothing is written into it', async () => {
  await using scene = await aScene(() => ({ baggage: 'own=1' }));
  await call(scene.web, { headers });
  expect(scene.said[1]).toMatchObject({ evidence: 'time' });
  expect(scene.toDb).toEqual([expect.objectContaining({ baggage: 'own=1' })]);
});

test('a probe that entered through another router is not said to be answered here', async () => {
  await using scene = await aScene(() => ({}));
  await call(scene.web, { headers: { ...headers, baggage: `msx-env=feat,msx-probe=${probe}.shop.front` } });
  expect(scene.said.map(({ kind }) => kind)).toEqual(['request', 'request']);
});

test('requests with the context of others are not the probe’s', async () => {
  await using scene = await aScene(() => ({ 'x-msx-env': 'other' }));
  await call(scene.web, { headers });
  expect(scene.said.map(({ kind }) => kind)).toEqual(['request', 'answered']);
});

test('an overlay’s listener says that it stamps', async () => {
  await using scene = await aScene(() => ({}), 'feat');
  await call(scene.web, { headers: { traceparent, baggage: `msx-probe=${probe}` } });
  expect(scene.said[0]).toMatchObject({ env: 'feat', context: null, stamped: true });
});

test('a member that is no probe of ours is nobody’s', async () => {
  await using scene = await aScene(() => ({}));
  for (const bad of ['x', `${probe}.shop`, `${probe}.SHOP.web`, `${probe}.shop.web.more`])
    await call(scene.web, { headers: { baggage: `msx-probe=${bad}` } });
  expect(scene.said).toEqual([]);
});

type Sent = Readonly<Record<string, unknown>>;

/** `web → db` of shop, and the overlay feat that has nothing of its own; web calls with the headers that `kept` gives. */
async function aScene(kept: (sent: Sent) => Readonly<Record<string, string>>, entryEnv = 'shop') {
  const owned = new AsyncDisposableStack();
  const router: TestRouter = owned.use(aRouter());
  const said: PropagationObserved[] = [];
  router.routing.probes.sayTo((observed) => said.push(observed));
  const toDb: Sent[] = [];
  const dbInstance: Instance = owned.use(
    await startInstance('db', (incoming, outgoing) => {
      toDb.push(incoming.headers);
      outgoing.end(JSON.stringify(incoming.headers));
    }),
  );
  const db = await router.listen('shop', 'db');
  const webInstance = owned.use(
    await startInstance('web', async (incoming, outgoing) => {
      await call(db, { headers: kept(incoming.headers) });
      outgoing.end(JSON.stringify(incoming.headers));
    }),
  );
  const records = { web: 'shop', db: 'shop' };
  router.put(aTable('shop', { records, running: { web: [webInstance.port], db: [dbInstance.port] } }));
  router.put(aTable('feat', { root: 'shop', records }));
  const web = await router.listen(entryEnv, 'web');
  return { web, said, toDb, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
