import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { compileRouting } from '@microstax/model/routing-artifacts/compile-routing';
import { kubernetesWithEndpoints } from '@microstax/model/routing-artifacts/kubernetes';
import { type RouteFamily, routeAnswers } from '@microstax/model/routing-artifacts/route-answers';
import type { RoutingFormat } from '@microstax/model/routing-artifacts/routing-artifact';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aFamily } from '../artifacts/family.ts';
import { askOnce, freePort } from '../artifacts/live-upstreams.ts';
import { header, headerCases, wantedFor } from '../artifacts/obedience.ts';
import { type ApiAnswer, type Cluster, type KubeObject, pathOf } from './cluster.ts';
import { type Kubebox, startKubebox } from './kubebox.ts';
import { allowsRoutesOf, aNamespace, gatewayOn, taken } from './objects.ts';

/** A real Kubernetes API takes the artifacts as msx prints them, and a real gateway routes by them. */

const draft = (unknown: 'baseline' | 'deny') => {
  const [shop, feat] = aFamily({
    unknown,
    environments: [
      { env: 'shop', parent: null, value: 'shop', does: { catalog: 'runs', 'pay-2': 'runs', web: 'runs' } },
      { env: 'feat', parent: 'shop', value: 'Feat.1', does: { catalog: 'inherits', 'pay-2': 'runs', web: 'denies' } },
    ],
  });
  if (shop === undefined || feat === undefined) throw new Error('a family has its environments');
  return { shop, feat };
};
const { shop, feat } = draft('deny');
const ofShop: RouteFamily = { listener: shop, others: [feat] };
const ofFeat: RouteFamily = { listener: feat, others: [shop] };
/** What runs, as namespace and service. */
const running = [
  ['shop', 'catalog'],
  ['shop', 'pay-2'],
  ['shop', 'web'],
  ['feat', 'pay-2'],
] as const;

let box: Kubebox | undefined;
let cluster: Cluster;
beforeAll(async () => {
  box = await startKubebox('artifacts', { gatewayApi: true, fakeNodes: 0 });
  if (box === undefined) return;
  cluster = box.cluster;
  for (const name of ['shop', 'feat', 'microstax']) await taken(cluster, aNamespace(name));
});
beforeEach(({ skip }) => {
  if (box === undefined) skip();
});
afterAll(() => box?.[Symbol.asyncDispose]());

describe('the API of Kubernetes', () => {
  test.each<[RoutingFormat, string, RouteFamily]>([
    ['kubernetes', 'shop', ofShop],
    ['kubernetes', 'feat', ofFeat],
    ['gateway', 'shop', ofShop],
    ['gateway', 'feat', ofFeat],
    ['gateway', 'shop with a mirror', { ...ofShop, mirror: 'feat' }],
    ['gateway-consumer', 'shop', ofShop],
    ['gateway-consumer', 'feat', ofFeat],
    ['gateway-consumer', 'feat with a mirror', { ...ofFeat, mirror: 'shop' }],
  ])('takes %s of %s strictly, and a second time without a change', async (format, _, family) => {
    await takenTwice(objectsOf(format, family));
  });

  test('takes Services with observed endpoints strictly, and a second time without a change', async () => {
    const observed = ['10.0.0.7', '10.0.0.8', 'fd00::7'].map((host) => {
      return { service: 'catalog', port: 'http', host, targetPort: 8080, instance: `catalog-${host}` };
    });
    const objects = routeAnswers(ofFeat).flatMap((answers) => kubernetesWithEndpoints(answers, observed));
    expect((objects as unknown as KubeObject[]).map(({ kind }) => kind)).toContain('EndpointSlice');
    // A name that was an ExternalName is no ClusterIP by an update of ours; elsewhere it is made as it is.
    const name = 'with-endpoints';
    await taken(cluster, aNamespace(name));
    await takenTwice(
      (objects as unknown as KubeObject[]).map((object) => ({
        ...object,
        metadata: { ...object.metadata, namespace: name },
      })),
    );
  });

  test('refuses what it does not know, so that its consent says something', async () => {
    const [route] = objectsOf('gateway', ofShop);
    const { status, body } = await cluster.apply({ ...(route as KubeObject), sped: {} });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(body)).toContain('.sped: field not declared in schema');
  });
});

describe('a gateway', () => {
  const servers: Server[] = [];
  const seen: string[] = [];
  let port: number | undefined;

  beforeAll(async () => {
    const address = machineAddress();
    if (box === undefined || address === undefined) return;
    port = await box.startGateway(await freePort());
    if (port === undefined) return;
    for (const [env, service] of running) {
      const server = createServer(({ headers }, response) => {
        if (headers['x-tag'] !== undefined) seen.push(`${headers['x-tag']} at http.${service}.${env}`);
        response.end(`http.${service}.${env}`);
      });
      await once(server.listen(0, address), 'listening');
      servers.push(server);
      for (const object of selectorless(env, service, address, (server.address() as AddressInfo).port))
        await taken(cluster, object);
    }
    for (const object of [gatewayOn(port), allowsRoutesOf('shop', 'feat'), allowsRoutesOf('feat', 'shop')])
      await taken(cluster, object);
  });
  beforeEach(({ skip }) => {
    if (port === undefined) skip();
  });
  afterAll(() => {
    for (const server of servers) server.close();
  });

  test.each(['deny', 'baseline'] as const)(
    'leads every request by its header as the record says, where an unknown value means %s',
    async (unknown) => {
      const environments = draft(unknown);
      const families = [
        { listener: environments.shop, others: [environments.feat] },
        { listener: environments.feat, others: [environments.shop] },
      ];
      for (const family of families) for (const object of objectsOf('gateway', family)) await taken(cluster, object);
      for (const answers of families.flatMap(routeAnswers))
        for (const headers of headerCases) {
          const wanted = wantedFor(answers, headers);
          // Routes are taken up a moment after the API has them.
          await eventually(async () => {
            const { status, body } = await ask(answers.env, answers.service, headers);
            const said = status === 200 ? body : 'denied';
            const what = `${answers.service} of ${answers.env} ${JSON.stringify(headers)}, answered ${status}`;
            expect(said, what).toBe(wanted.startsWith('denied.') ? 'denied' : wanted);
            return true;
          });
        }
    },
  );

  test('tells more contexts apart than one route holds', async () => {
    const overlays = Array.from({ length: 20 }, (_, index) => `feat-${index}`);
    const [listener, ...others] = aFamily({
      unknown: 'baseline',
      environments: [
        { env: 'shop', parent: null, value: 'shop', does: { 'pay-2': 'runs' } },
        { env: 'feat', parent: 'shop', value: 'Feat.1', does: { 'pay-2': 'runs' } },
        ...overlays.map((env) => ({ env, parent: 'shop', value: env, does: { 'pay-2': 'runs' as const } })),
      ],
    });
    if (listener === undefined) throw new Error('a family has its root');
    const routes = objectsOf('gateway', { listener, others });
    expect(routes.map(({ metadata }) => metadata.name)).toEqual(['pay-2-http', 'pay-2-http-2']);
    for (const route of routes) await taken(cluster, route);
    // Overlays without anything in the cluster are answered with an error, which is not the root's answer.
    for (const [value, wanted] of [
      ['Feat.1', 'http.pay-2.feat'],
      ['nobody', 'http.pay-2.shop'],
      ...overlays.map((env) => [env, 'denied'] as const),
    ] as const)
      await eventually(async () => {
        const { status, body } = await ask('shop', 'pay-2', { [header]: value });
        expect(status === 200 ? body : 'denied', value).toBe(wanted);
        return true;
      });
    for (const route of routes) await cluster.call('DELETE', pathOf(route));
  });

  test('accepts the routes with all their references', async () => {
    for (const object of objectsOf('gateway', ofShop)) {
      await taken(cluster, object);
      await eventually(async () => {
        const { body } = await cluster.call('GET', pathOf(object));
        const { status } = body as unknown as { status?: { parents?: { conditions: Condition[] }[] } };
        const conditions = status?.parents?.[0]?.conditions.map(({ type, status: is }) => `${type} ${is}`);
        expect(conditions?.toSorted()).toEqual(['Accepted True', 'ResolvedRefs True']);
        return true;
      });
    }
  });

  test('sends copies to the mirror of what belongs to the environment, if it says that it can', async ({ skip }) => {
    const { body } = await cluster.call('GET', '/apis/gateway.networking.k8s.io/v1/gatewayclasses/kubebox');
    const { status } = body as unknown as { status?: { supportedFeatures?: readonly { readonly name: string }[] } };
    if (!status?.supportedFeatures?.some(({ name }) => name === 'HTTPRouteRequestMirror')) {
      process.stderr.write('SKIPPED: a mirror by the gateway: it does not say HTTPRouteRequestMirror\n');
      return skip();
    }
    for (const object of objectsOf('gateway', { ...ofShop, mirror: 'feat' })) await taken(cluster, object);
    await eventually(async () => {
      await ask('shop', 'pay-2', { 'x-tag': 'own' });
      expect(seen).toContain('own at http.pay-2.feat');
      return true;
    });
    expect(seen).toContain('own at http.pay-2.shop');
    await ask('shop', 'pay-2', { 'x-tag': 'other', [header]: 'Feat.1' });
    await ask('shop', 'pay-2', { 'x-tag': 'last' });
    await eventually(async () => {
      expect(seen).toContain('last at http.pay-2.feat');
      return true;
    });
    expect(seen.filter((one) => one.startsWith('other'))).toEqual(['other at http.pay-2.feat']);
  });

  function ask(env: string, service: string, headers: Readonly<Record<string, string>>) {
    return askOnce(port ?? 0, '/', { ...headers, host: `http.${service}.${env}.msx.internal` });
  }
});

type Condition = { readonly type: string; readonly status: string };

function objectsOf(format: RoutingFormat, family: RouteFamily): readonly KubeObject[] {
  const artifacts = compileRouting(format, family);
  return artifacts.flatMap(({ content }) => {
    if (content.kind !== 'objects') throw new Error(`${format} is no list of objects`);
    return content.objects as unknown as KubeObject[];
  });
}

async function takenTwice(objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const first = resourceVersion(await taken(cluster, object));
    expect(resourceVersion(await taken(cluster, object)), object.metadata.name).toBe(first);
  }
}

function resourceVersion({ body }: ApiAnswer): string {
  return (body as unknown as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

/** An address of this machine that a Service may lead to; loopback may not stand in an EndpointSlice. */
function machineAddress(): string | undefined {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (found === undefined) process.stderr.write('SKIPPED: a gateway: this machine has no address but loopback\n');
  return found;
}

/** A Service as the driver makes it, but that its endpoint is a program beside the cluster. */
function selectorless(namespace: string, name: string, address: string, port: number): readonly KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-here`, namespace, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'http', port, protocol: 'TCP' }],
    },
  ];
}
