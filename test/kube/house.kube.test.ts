import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Composition } from '@microstax/model/composition';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { instanceId, workloadJobs } from '../../services/runtime/src/core/instances.ts';
import {
  inWords,
  type KubeKind,
  type KubeObject,
  nameOf,
} from '../../services/runtime/src/core/kubernetes/kube-object.ts';
import { objectsOf } from '../../services/runtime/src/core/kubernetes/objects-of.ts';
import { memberKinds } from '../../services/runtime/src/core/kubernetes/place-objects.ts';
import { type House, startHouse } from '../scenarios/house.ts';
import { type ApiAnswer, clusterOf, type Cluster as RawCluster } from './cluster.ts';
import { isLong } from './config.ts';
import { type Cluster, findCluster } from './driver-cluster.ts';

/**
 * The whole house against a real Kubernetes API, with the rights of deploy/kubernetes and no others. Nodes are fake, so what
 * pods answer is another test's; here it is what objects there are, what they become, and what is said where they do not.
 */

const cluster = await findCluster();
const box = cluster?.restart === undefined ? undefined : cluster;
const deploy = join(import.meta.dirname, '..', '..', 'deploy', 'kubernetes');

let folder: string;
let house: House;
let raw: RawCluster;

beforeAll(async () => {
  if (box === undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'msx-kube-'));
  raw = clusterOf(await readFile(box.kubeconfig, 'utf8'));
  for (const file of ['rbac.yaml', 'fence-policy.yaml']) {
    for (const document of parseAllDocuments(await readFile(join(deploy, file), 'utf8')))
      taken(await raw.apply(document.toJS()));
  }
  await failOnImages();
  await provideVolumes(4);
  house = await startHouse({ env: { ...environment, KUBECONFIG: await kubeconfigOf('microstax', 'runtime') } });
});

afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  raw?.close();
  await cluster?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const environment = { MSX_DRIVER: 'kubernetes', MSX_OBSERVE: '1s', MSX_DRAIN: '1s' };

function service(name: string, draft: Record<string, unknown> = {}) {
  return {
    name,
    image: `registry.local/shop/${name}:1`,
    ports: [{ name: 'http', containerPort: 8080 }],
    resources: { cpu: '100m', memory: '64Mi' },
    ...draft,
  };
}

function shop(name: string) {
  const services = [
    service('web', {
      expose: true,
      replicas: 2,
      dependsOn: ['catalog', 'cart'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a Blueprint's words, filled by the driver
      env: { CATALOG: 'http://${host.catalog}:${port.catalog.http}' },
    }),
    service('catalog', { dependsOn: ['pricing'], secrets: [{ name: 'key', envKey: 'KEY', value: 'auto-generated' }] }),
    service('pricing', { volumes: [{ name: 'rules', mountPath: '/rules', type: 'config', files: { 'a.txt': 'b' } }] }),
    service('cart', {
      dependsOn: ['store'],
      probes: { readiness: { http: { port: 'http', path: '/healthz' }, period: '1s' } },
    }),
    service('store', { stateful: true }),
  ];
  return { name, routing: { mode: 'baseline' }, services };
}

const apply = (blueprint: { readonly name: string; readonly [field: string]: unknown }) =>
  house.apply(blueprint.name, stringify(blueprint));

describe.skipIf(box === undefined)('an environment in a cluster', () => {
  test('has the objects that are planned; overlays and deletion leave nothing behind', async () => {
    const first = await apply(shop('shop'));
    expect(first.activation).toMatchObject({ outcome: 'ready' });
    expect(Object.keys(await objectsOfEnvironment('shop'))).toEqual(await plannedNames('shop'));

    const before = await objectsOfEnvironment('shop');
    expect((await apply(shop('shop'))).answer).toMatchObject({ kind: 'unchanged' });
    expect(versionsOf(await objectsOfEnvironment('shop'))).toEqual(versionsOf(before));
    // Another execution of the same stamps the namespace and nothing else.
    expect((await house.command('retry', 'shop')).activation).toMatchObject({ outcome: 'ready' });
    const after = versionsOf(await objectsOfEnvironment('shop'));
    expect({ ...after, 'Namespace shop': '' }).toEqual({ ...versionsOf(before), 'Namespace shop': '' });

    const said = saidOf(await objectsOfEnvironment('shop'));
    const feature = {
      name: 'feat',
      routing: { mode: 'overlay', baselineId: 'shop' },
      services: [service('catalog', { image: 'registry.local/shop/catalog:2', dependsOn: ['pricing'] })],
    };
    expect((await apply(feature)).activation).toMatchObject({ outcome: 'ready' });
    expect(await house.locals('feat')).toEqual(['catalog']);
    const sparse = await objectsOfEnvironment('feat');
    expect(Object.keys(sparse).filter((name) => /^(?:Deployment|StatefulSet) /.test(name))).toHaveLength(1);
    expect(sparse['Service feat/pricing']?.spec).toMatchObject({ externalName: 'pricing.shop.svc.cluster.local' });
    expect(sparse['NetworkPolicy feat/open-pricing']).toBeDefined();
    expect(saidOf(await objectsOfEnvironment('shop'))).toEqual(said);

    expect((await house.command('delete', 'feat')).activation).toMatchObject({ outcome: 'ready' });
    await nothingIsLeft('feat');
    expect(saidOf(await objectsOfEnvironment('shop'))).toEqual(said);

    expect((await house.command('delete', 'shop')).activation).toMatchObject({ outcome: 'ready' });
    await nothingIsLeft();
  });

  test('goes on serving what it served where an image does not exist, and says which pod, why and what to do', async () => {
    await apply({ name: 'pull', services: [service('web')] });
    const instances = async () => saidOf(without(await objectsOfEnvironment('pull'), 'Namespace pull'));
    const served = await instances();
    const { activation } = await apply({
      name: 'pull',
      services: [service('web', { image: 'registry.local/missing:1' })],
    });
    expect(activation).toMatchObject({ outcome: 'failed' });
    expect(activation?.reason).toMatch(
      /"web" cannot become ready: Pod pull\/web-\S+: container "web": ImagePullBackOff/,
    );
    expect(activation?.reason).toMatch(/next: correct the image/);
    expect(await instances()).toEqual(served);
    expect(
      (await apply({ name: 'pull', services: [service('web', { image: 'registry.local/shop/web:3' })] })).activation,
    ).toMatchObject({ outcome: 'ready' });
    await house.command('delete', 'pull');
  });

  test('says that a container crashes, how it ended, and where its log is', async () => {
    const { activation } = await apply({
      name: 'crash',
      services: [service('web', { image: 'registry.local/crashing:1' })],
    });
    expect(activation).toMatchObject({ outcome: 'failed' });
    expect(activation?.reason).toMatch(
      /container "web": CrashLoopBackOff.*next: read its log: kubectl -n crash logs web-/,
    );
    await house.command('delete', 'crash');
  });

  test('says that a quota is exceeded, and by what', async () => {
    await apply({ name: 'tight', services: [service('web')] });
    taken(
      await raw.apply(
        {
          apiVersion: 'v1',
          kind: 'ResourceQuota',
          metadata: { name: 'tight', namespace: 'tight' },
          spec: { hard: { pods: '1' } },
        },
        'somebody',
      ),
    );
    await eventually(async () => {
      const { body } = await raw.call('GET', '/api/v1/namespaces/tight/resourcequotas/tight');
      return (body as { status?: { used?: { pods?: string } } }).status?.used?.pods === '1';
    });
    const { activation } = await apply({ name: 'tight', services: [service('web', { env: { A: '1' } })] });
    expect(activation).toMatchObject({ outcome: 'failed' });
    expect(activation?.reason).toMatch(
      /Deployment tight\/web-\S+: .*exceeded quota: tight.*next: ask for less, or raise it/,
    );
    await house.command('delete', 'tight');
  });

  test('takes no write of an older epoch where the fence is a policy of the cluster', async () => {
    await apply({ name: 'fence', services: [service('web')] });
    await apply({ name: 'fence', services: [service('web', { env: { A: '1' } })] });
    const stale = (epoch: string) => ({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', data: { from: 'an owner that was paused' } },
      metadata: { name: 'stale', namespace: 'fence', annotations: { 'microstax.dev/epoch': epoch } },
    });
    expect(await raw.apply(stale('1'))).toMatchObject({
      ...{ status: 403, body: { message: expect.stringContaining("epoch 1 is below the namespace's 2") } },
    });
    expect(await raw.apply(stale('2'))).toMatchObject({ status: 201 });
    await house.command('delete', 'fence');
  });

  test('sleeps without a workload, and wakes with the data that it had', async () => {
    await apply({ name: 'sleepy', services: [service('db', { stateful: true })] });
    const claims = async () => (await listed('PersistentVolumeClaim', 'sleepy')).map(({ metadata }) => metadata.uid);
    const before = await claims();
    expect((await house.command('sleep', 'sleepy')).activation).toMatchObject({ outcome: 'ready' });
    expect(await listed('StatefulSet', 'sleepy')).toEqual([]);
    expect(await claims()).toEqual(before);
    expect((await house.command('wake', 'sleepy')).activation).toMatchObject({ outcome: 'ready' });
    expect(await listed('StatefulSet', 'sleepy')).toHaveLength(1);
    expect(await claims()).toEqual(before);
    await house.command('delete', 'sleepy');
  });

  test('is made again where somebody deletes a workload by hand', async () => {
    await apply({ name: 'drift', services: [service('web')] });
    const [name = ''] = Object.keys(await objectsOfEnvironment('drift')).filter((one) => one.startsWith('Deployment '));
    await raw.call('DELETE', `/apis/apps/v1/namespaces/drift/deployments/${name.split('/')[1]}`);
    await eventually(
      async () =>
        Object.keys(await objectsOfEnvironment('drift')).some((one) => one.startsWith('Deployment ') && one !== name),
      { timeoutMs: 20_000 },
    );
    await eventually(async () => (await house.status('drift'))?.state === 'ready', { timeoutMs: 20_000 });
    await house.command('delete', 'drift');
  });

  test('becomes ready although the API server is away in the middle', async () => {
    const services = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => service(name));
    const { answer } = await house.apply('away', stringify({ name: 'away', services }), { wait: false });
    expect(answer).toMatchObject({ generation: 1 });
    await eventually(async () => Object.keys(await objectsOfEnvironment('away')).length > 0);
    await box?.restart?.('apiserver', 20);
    // The cluster's own controllers take up to a minute after such an outage.
    const { outcome, reason } = await eventually(() => house.outcome('away', 1), { timeoutMs: 150_000 });
    expect(`${outcome}: ${reason}`).toMatch(/^ready: /);
    expect(Object.keys(await objectsOfEnvironment('away')).filter((one) => one.startsWith('Deployment '))).toHaveLength(
      6,
    );
    await house.command('delete', 'away');
  });

  test('is refused before anything is made where the runtime has no right, and the answer says which', async () => {
    taken(
      await raw.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nobody', namespace: 'default' } }),
    );
    const KUBECONFIG = await kubeconfigOf('default', 'nobody');
    await using other = await startHouse({ env: { ...environment, KUBECONFIG } });
    const { activation } = await other.apply('forbidden', stringify({ name: 'forbidden', services: [service('web')] }));
    expect(activation).toMatchObject({ outcome: 'failed' });
    expect(activation?.reason).toMatch(
      /namespaces is forbidden: User "system:serviceaccount:default:nobody".*next: give the runtime the rights of deploy\/kubernetes\/rbac.yaml/,
    );
    expect(await objectsOfEnvironment('forbidden')).toEqual({});
  });

  // The last one: what is stuck goes with the cluster.
  test('waits for no other: many that never become ready delay nobody', async () => {
    const stuck = Array.from({ length: isLong ? 64 : 12 }, (_, at) => `stuck-${at}`);
    const services = [service('web', { image: 'registry.local/silent:1' })];
    await Promise.all(stuck.map((name) => house.apply(name, stringify({ name, services }), { wait: false })));
    await eventually(
      async () => {
        const deployments = await listed('Deployment');
        return stuck.every((name) => deployments.some(({ metadata }) => metadata.namespace === name));
      },
      { timeoutMs: 150_000, message: 'all of them have begun' },
    );
    const { activation } = await apply({ name: 'other', services: [service('web')] });
    expect(activation).toMatchObject({ outcome: 'ready' });
    const settled = await Promise.all(stuck.map(async (name) => (await house.status(name))?.outcome));
    expect(settled.filter((outcome) => outcome !== null)).toEqual([]);
  });
});

type Objects = Readonly<Record<string, KubeObject>>;

const ours = { labels: { 'app.kubernetes.io/managed-by': 'microstax' } };

async function listed(kind: KubeKind, namespace?: string): Promise<readonly KubeObject[]> {
  const answer = await (cluster as Cluster).client.list(kind, namespace, ours);
  if (answer.kind !== 'ok') throw new Error(`${kind}: ${JSON.stringify(answer)}`);
  return answer.value;
}

/** The namespace of an environment and everything of ours in it, by name, sorted. */
async function objectsOfEnvironment(env: string): Promise<Objects> {
  const lists = await Promise.all(memberKinds.map((kind) => listed(kind, env)));
  const namespace = (await listed('Namespace')).filter(({ metadata }) => metadata.name === env);
  const all = [...namespace, ...lists.flat()].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return Object.fromEntries(
    all.map((one) => [inWords(nameOf(one)), one] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function versionsOf(objects: Objects): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(objects).map(([name, { metadata }]) => [name, metadata.resourceVersion]));
}

/** All that is said in objects, but for what controllers and the server write. */
function saidOf(objects: Objects): unknown {
  return Object.fromEntries(
    Object.entries(objects).map(([name, { metadata, status: _status, ...rest }]) => {
      const {
        resourceVersion: _version,
        generation: _generation,
        managedFields: _fields,
        ...said
      } = metadata as Record<string, unknown>;
      return [name, { ...rest, metadata: said }];
    }),
  );
}

/** Every execution stamps the namespace. */
function without(objects: Objects, name: string): Objects {
  const { [name]: _, ...rest } = objects;
  return rest;
}

async function plannedNames(env: string): Promise<readonly string[]> {
  const [plan, resolution, composition] = await Promise.all([
    house.artifact<Plan>(env, 'plan'),
    house.artifact<Resolution>(env, 'resolution'),
    house.artifact<Composition>(env, 'composition'),
  ]);
  const wanted = new Map(workloadJobs(plan).map((job) => [job.service, instanceId(job, 1)]));
  const place = { org: 'default', env, namespace: env };
  const naming = { place, plan, resolution, composition, wanted, namespaceOf: (name: string) => name };
  const made = objectsOf(naming, { gatewayNamespace: 'microstax', routerCidrs: [] });
  if (made.kind === 'unknown') throw new Error(made.reason);
  return [...made.value.map((one) => inWords(nameOf(one))), `Secret ${env}/generated-key`].sort();
}

async function nothingIsLeft(env?: string): Promise<void> {
  await eventually(
    async () => {
      const lists = await Promise.all(
        [...memberKinds, 'Namespace' as const].map((kind) => listed(kind, kind === 'Namespace' ? undefined : env)),
      );
      return (
        lists.flat().filter(({ metadata }) => env === undefined || metadata.name === env || metadata.namespace === env)
          .length === 0
      );
    },
    { timeoutMs: 60_000, intervalMs: 500, message: `no object of ${env ?? 'ours'} is in the cluster` },
  );
}

/** Fake nodes do what a pod's annotations say; the image says which. */
async function failOnImages(): Promise<void> {
  const failures = { missing: 'ImagePullBackOff', crashing: 'CrashLoopBackOff', silent: 'NotReady' };
  const group = { apiVersion: 'admissionregistration.k8s.io/v1' };
  for (const [word, failure] of Object.entries(failures)) {
    const metadata = { name: `fail-${word}` };
    taken(
      await raw.apply({
        ...group,
        kind: 'MutatingAdmissionPolicy',
        metadata,
        spec: {
          failurePolicy: 'Fail',
          reinvocationPolicy: 'Never',
          matchConstraints: {
            resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
          },
          matchConditions: [{ name: 'image', expression: `object.spec.containers[0].image.contains('${word}')` }],
          mutations: [
            {
              patchType: 'JSONPatch',
              jsonPatch: {
                expression: `[JSONPatch{op: "add", path: "/metadata/annotations/kubebox~1fail", value: "${failure}"}]`,
              },
            },
          ],
        },
      }),
    );
    taken(
      await raw.apply({
        ...group,
        kind: 'MutatingAdmissionPolicyBinding',
        metadata,
        spec: { policyName: metadata.name },
      }),
    );
  }
}

/** Nobody provides volumes here, so there are some. */
async function provideVolumes(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const spec = {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/tmp/none-${at}` },
    };
    const body = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `volume-${at}` }, spec };
    taken(await raw.call('POST', '/api/v1/persistentvolumes', body));
  }
}

async function kubeconfigOf(namespace: string, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { body } = taken(
    await raw.call('POST', path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
  );
  const { token } = (body as { status: { token: string } }).status;
  const admin = parseAllDocuments(await readFile((box as Cluster).kubeconfig, 'utf8'))[0]?.toJS() as {
    users: { name: string }[];
  };
  const file = join(folder, `${account}.kubeconfig`);
  const users = admin.users.map(({ name }) => ({ name, user: { token } }));
  await writeFile(file, stringify({ ...admin, users }));
  return file;
}

function taken(answer: ApiAnswer): ApiAnswer {
  if (answer.status >= 300) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
