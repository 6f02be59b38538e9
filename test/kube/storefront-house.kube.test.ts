import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort } from '../artifacts/live-upstreams.ts';
import { type House, startHouse } from '../scenarios/house.ts';
import { runCliHere } from '../scenarios/run-cli.ts';
import type { KubeObject } from './cluster.ts';
import { type Kubebox, startKubebox } from './kubebox.ts';
import { allowsRoutesOf, aNamespace, gatewayOn, taken } from './objects.ts';
import {
  addStorefront,
  asInFeature,
  asInShop,
  feature,
  hops,
  machineAddress,
  onNewConnections,
  page,
  storefront,
} from './shop-pages.ts';

/** The whole house with real pods: the demo's two requests answer as with processes, by the router and by a gateway. */

const header = 'x-msx-env';
let box: Kubebox | undefined;
let house: House | undefined;
/** Before there was an overlay. */
let shopAlone: Readonly<Record<string, object>>;

beforeAll(async () => {
  const started = await startKubebox('storefront', { gatewayApi: true, realNode: true });
  if (started?.realNode !== true) return void (await started?.[Symbol.asyncDispose]());
  box = started;
  await addStorefront(box);
  const address = machineAddress();
  const env = { MSX_DRIVER: 'kubernetes', KUBECONFIG: box.kubeconfig, MSX_ROUTER_HOST: address, MSX_READY: '60s' };
  house = await startHouse({ env: { ...env, MSX_KUBE_ROUTER_CIDRS: `${address}/32`, MSX_DRAIN: '1s' } });
  await ready('shop', 'baseline.yaml');
  shopAlone = await objectsOfShop();
  await ready(feature, 'overlay-payments.yaml');
});
beforeEach(({ skip }) => {
  if (box === undefined) skip();
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await box?.[Symbol.asyncDispose]();
});

test("names lead to the router in both namespaces, and an overlay changes nothing in its baseline's", async () => {
  const fronts = Object.keys(shopAlone).filter((name) => name.endsWith('-front'));
  expect(fronts).toEqual(asInShopNames.map((name) => `EndpointSlice ${name}-front`));
  expect(await objectsOfShop()).toEqual(shopAlone);
});

test('only what the overlay changes runs there', async () => {
  expect(await house?.locals(feature)).toEqual(['payments']);
  expect(await house?.locals('shop')).toHaveLength(8);
});

test('the two requests answer as with processes, through the router', async () => {
  const url = new URL((await house?.urlOf('shop', 'web')) ?? '');
  const web = { host: url.hostname, port: Number(url.port) };
  await eventually(async () => {
    expect(hops(await page(web))).toEqual(asInShop);
    expect(hops(await page(web, { baggage: `msx-env=${feature}` }))).toEqual(asInFeature);
    return true;
  }, onNewConnections);
});

test("the two requests answer as with processes, through the gateway's routes", async ({ skip }) => {
  const port = await box?.startGateway(await freePort());
  if (box === undefined || house === undefined || port === undefined) return skip();
  const { cluster } = box;
  for (const object of [aNamespace('microstax'), gatewayOn(port), allowsRoutesOf('shop', feature)])
    await taken(cluster, object);
  const args = ['artifacts', 'shop', '--format', 'gateway', '--with', feature];
  const { stdout, stderr } = await runCliHere(args, { NATS_URL: house.url });
  expect(stderr).toBe('');
  for (const object of (JSON.parse(stdout) as { items: KubeObject[] }).items) await taken(cluster, object);
  const web = { host: 'http.web.shop.msx.internal' };
  await eventually(async () => {
    expect(hops(await page({ port }, web))).toEqual(asInShop);
    expect(hops(await page({ port }, { ...web, [header]: feature }))).toEqual(asInFeature);
    return true;
  }, onNewConnections);
});

test('without the overlay, its requests are the shop’s again', async () => {
  expect((await house?.command('delete', feature))?.activation).toMatchObject({ outcome: 'ready' });
  const url = new URL((await house?.urlOf('shop', 'web')) ?? '');
  const web = { host: url.hostname, port: Number(url.port) };
  await eventually(async () => {
    expect(hops(await page(web, { [header]: feature }))).toEqual(asInShop);
    return true;
  }, onNewConnections);
  expect(await objectsOfShop()).toEqual(shopAlone);
});

const asInShopNames = ['cart', 'catalog', 'checkout', 'payments', 'pricing', 'shipping', 'store', 'web'];

async function ready(name: string, file: string): Promise<void> {
  const applied = await house?.apply(name, readFileSync(join(storefront, file), 'utf8'));
  expect(applied?.activation, JSON.stringify(applied)).toMatchObject({ outcome: 'ready' });
}

type Listed = KubeObject & { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } };

/** What we made in the shop's namespace, as it was written: without what the API counts and notes by itself. */
async function objectsOfShop(): Promise<Readonly<Record<string, object>>> {
  if (box === undefined) return {};
  const { cluster } = box;
  const found: Record<string, object> = {};
  for (const [kind, group, word] of [
    ['Deployment', '/apis/apps/v1', 'deployments'],
    ['EndpointSlice', '/apis/discovery.k8s.io/v1', 'endpointslices'],
    ['NetworkPolicy', '/apis/networking.k8s.io/v1', 'networkpolicies'],
    ['Service', '/api/v1', 'services'],
  ] as const) {
    const path = `${group}/namespaces/shop/${word}?labelSelector=app.kubernetes.io/managed-by=microstax`;
    const { items } = (await cluster.call('GET', path)).body as unknown as { items: Listed[] };
    for (const { metadata, status: _, ...rest } of items) {
      const { resourceVersion: __, managedFields: ___, generation: ____, ...kept } = metadata;
      // The cluster's own slices carry the labels of their Service.
      const isOurs = kind !== 'EndpointSlice' || metadata.labels?.['app.kubernetes.io/component'] === 'front';
      if (isOurs) found[`${kind} ${metadata.name}`] = { ...rest, metadata: kept };
    }
  }
  return found;
}
