import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Endpoint } from '@microstax/model/route-table';
import { compileRouting } from '@microstax/model/routing-artifacts/compile-routing';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aRouter, type TestRouter } from '../../apps/router/src/testing/router.ts';
import { revisionOfText, viewOf } from '../../services/intake/src/core/testing/decide-text.ts';
import { instanceId, workloadJobs } from '../../services/runtime/src/core/instances.ts';
import {
  backSteps,
  type Front,
  type FrontStep,
  frontSteps,
  isFronted,
} from '../../services/runtime/src/core/kubernetes/front.ts';
import { type KubeObject as OurObject, objectPath } from '../../services/runtime/src/core/kubernetes/kube-object.ts';
import { objectsOf } from '../../services/runtime/src/core/kubernetes/objects-of.ts';
import { addressName } from '../../services/runtime/src/core/kubernetes/workload-objects.ts';
import { freePort } from '../artifacts/live-upstreams.ts';
import { type Decided, decideFamily } from '../decided/family.ts';
import type { KubeObject } from './cluster.ts';
import { type Kubebox, startKubebox } from './kubebox.ts';
import { allowsRoutesOf, aNamespace, available, gatewayOn, read, taken } from './objects.ts';
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

/**
 * The storefront as real pods whose names lead to pods, as in a shop that somebody else keeps: what it calls itself knows
 * no context until its Service is fronted by the router. The demo's two requests enter by the router and by a gateway.
 */

const text = (name: string): string => readFileSync(join(storefront, name), 'utf8');
const header = 'x-msx-env';

let box: Kubebox | undefined;
let router: TestRouter;
let pipe: Server;
let decided: readonly Decided[];
let gatewayPort: number | undefined;
let front: Front;

beforeAll(async () => {
  const started = await startKubebox('storefront', { gatewayApi: true, realNode: true });
  if (started?.realNode !== true) return void (await started?.[Symbol.asyncDispose]());
  box = started;
  const { cluster } = box;
  await addStorefront(box);

  const shop = revisionOfText(text('baseline.yaml'));
  const parent = viewOf(
    'shop',
    shop.services.map(({ name }) => name),
  );
  const graph = { self: null, parent, valueHolder: null, identities: {} };
  const feat = revisionOfText(text('overlay-payments.yaml'), { env: feature, graph });
  decided = decideFamily([shop, feat]);
  expect(decided.map(({ env }) => env)).toEqual(['shop', feature]);
  expect(workloadJobs((decided[1] as Decided).plan).map(({ service }) => service)).toEqual(['payments']);

  const objects = decided.flatMap(objectsFor);
  for (const object of objects) await taken(cluster, object);
  for (const object of objects) if (object.kind === 'Deployment') await available(cluster, object);

  router = aRouter();
  for (const one of decided) router.put({ ...one.table, endpoints: await endpointsOf(one) });
  const listens = await router.listen('shop', 'payments');
  pipe = await piped(machineAddress(), listens);
  front = { addresses: [machineAddress()], ports: { http: (pipe.address() as AddressInfo).port } };

  gatewayPort = await box.startGateway(await freePort());
  if (gatewayPort === undefined) return;
  for (const object of [aNamespace('microstax'), gatewayOn(gatewayPort), allowsRoutesOf('shop', feature)])
    await taken(cluster, object);
  const [listener, ...others] = decided;
  if (listener === undefined) return;
  for (const { content } of compileRouting('gateway', { listener, others }))
    if (content.kind === 'objects')
      for (const object of content.objects) await taken(cluster, object as unknown as KubeObject);
});
beforeEach(({ skip }) => {
  if (box === undefined) skip();
});
afterAll(async () => {
  pipe?.close();
  await router?.[Symbol.asyncDispose]();
  await box?.[Symbol.asyncDispose]();
});

test('without a front, what the shop calls itself knows no context', async () => {
  const port = await router.listen('shop', 'web');
  expect(hops(await page({ port }, { [header]: feature }))).toEqual(asInShop);
});

test('fronted, the two requests answer as with processes, through the router', async () => {
  await carryOut(await stepsToFront());
  expect(isFronted(await paymentsService())).toBe(true);
  const port = await router.listen('shop', 'web');
  await eventually(async () => {
    expect(hops(await page({ port }, { baggage: `msx-env=${feature}` }))).toEqual(asInFeature);
    return true;
  }, onNewConnections);
  expect(hops(await page({ port }, {}))).toEqual(asInShop);
});

test("fronted, the two requests answer as with processes, through the gateway's routes", async ({ skip }) => {
  if (gatewayPort === undefined) return skip();
  const port = gatewayPort;
  const web = { host: 'http.web.shop.msx.internal' };
  await eventually(async () => {
    expect(hops(await page({ port }, web))).toEqual(asInShop);
    expect(hops(await page({ port }, { ...web, [header]: feature }))).toEqual(asInFeature);
    return true;
  }, onNewConnections);
  const payments = { host: 'http.payments.shop.msx.internal' };
  expect(hops(await page({ port, path: '/quote?amountCents=100' }, { ...payments, [header]: feature }))).toEqual({
    'payments 2.0': feature,
  });
  expect(hops(await page({ port, path: '/quote?amountCents=100' }, payments))).toEqual({ 'payments 1.0': 'shop' });
});

test('the way back leaves the Service as it was, and what is fronted twice or half is no different', async () => {
  if (box === undefined) return;
  await carryOut(backSteps(await paymentsService()));
  const before = await paymentsService();
  expect(isFronted(before)).toBe(false);
  for (const times of [1, 2, 0]) {
    for (let time = 0; time < times; time += 1) await carryOut(await stepsToFront());
    if (times === 0) await carryOut((await stepsToFront()).slice(0, 1));
    await carryOut(backSteps(await paymentsService()));
    expect(asWritten(await paymentsService())).toEqual(asWritten(before));
  }
  const port = await router.listen('shop', 'web');
  await eventually(async () => {
    expect(hops(await page({ port }, { [header]: feature }))).toEqual(asInShop);
    return true;
  }, onNewConnections);
  const slices = await box.cluster.call('GET', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices');
  expect(JSON.stringify(slices.body)).not.toContain('payments-front');
});

function objectsFor({ env, plan, resolution, composition }: Decided): readonly KubeObject[] {
  const wanted = new Map(workloadJobs(plan).map((job) => [job.service, instanceId(job, 1)]));
  const place = { org: 'default', env, namespace: env };
  const options = { gatewayNamespace: 'microstax', routerCidrs: [] };
  const naming = { place, plan, resolution, composition, wanted, namespaceOf: (other: string) => other };
  const objects = objectsOf(naming, options);
  if (objects.kind !== 'filled') throw new Error(objects.reason);
  return objects.value as readonly KubeObject[];
}

/** An instance answers at the cluster address of its own Service. */
async function endpointsOf({ env, plan }: Decided): Promise<readonly Endpoint[]> {
  const endpoints: Endpoint[] = [];
  for (const job of workloadJobs(plan)) {
    const instance = instanceId(job, 1);
    const name = addressName(instance);
    const { spec } = (await readService(env, name)) as unknown as { spec: { clusterIP: string } };
    for (const { name: port, containerPort } of plan.specs[job.service]?.ports ?? [])
      endpoints.push({ service: job.service, port, host: spec.clusterIP, targetPort: containerPort, instance });
  }
  return endpoints;
}

async function readService(namespace: string, name: string): Promise<OurObject> {
  if (box === undefined) throw new Error('there is no cluster');
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } };
  return (await read(box.cluster, object)) as unknown as OurObject;
}

function paymentsService(): Promise<OurObject> {
  return readService('shop', 'payments');
}

async function stepsToFront(): Promise<readonly FrontStep[]> {
  const fronting = frontSteps(await paymentsService(), front, { allowed: false });
  if (fronting.kind === 'refused') throw new Error(fronting.reason);
  return fronting.steps;
}

/** What the API answers to each step is what counts. */
async function carryOut(steps: readonly FrontStep[]): Promise<void> {
  if (box === undefined) return;
  const { cluster } = box;
  for (const step of steps)
    if (step.kind === 'apply') await taken(cluster, step.object);
    else if (step.kind === 'delete')
      expect([200, 404]).toContain((await cluster.call('DELETE', objectPath(step.name))).status);
    else if (step.kind === 'await-endpoints') await endpointsAreBack(step.name.name);
    else {
      const query = '?fieldManager=microstax&fieldValidation=Strict';
      const type = 'application/merge-patch+json';
      const { status, body } = await cluster.call('PATCH', `${objectPath(step.name)}${query}`, step.patch, type);
      expect(status, JSON.stringify(body)).toBe(200);
    }
}

async function endpointsAreBack(service: string): Promise<void> {
  const { cluster } = box ?? {};
  if (cluster === undefined) return;
  await eventually(async () => {
    const path = `/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name=${service}`;
    const { items } = (await cluster.call('GET', path)).body as unknown as { items: Slice[] };
    const own = items.filter(({ metadata }) => !metadata.name.endsWith('-front'));
    return own.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions.ready));
  });
}

type Slice = {
  readonly metadata: { readonly name: string };
  readonly endpoints?: readonly { readonly conditions: { readonly ready: boolean } }[];
};

/** But for what the API counts and notes by itself. */
function asWritten({ metadata, ...rest }: OurObject): object {
  const { resourceVersion: _, managedFields: __, ...kept } = metadata as OurObject['metadata'] & { managedFields?: [] };
  return { ...rest, metadata: kept };
}

/** A router listens on loopback, and pods reach an address of this machine. */
async function piped(host: string, to: number): Promise<Server> {
  const server = createServer((from) => {
    const onwards = connect(to, '127.0.0.1');
    from.pipe(onwards).pipe(from);
    for (const [one, other] of [
      [from, onwards],
      [onwards, from],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await once(server.listen(0, host), 'listening');
  return server;
}
