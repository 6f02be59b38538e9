import { runDigest, type ServiceSpec } from '@microstax/model/service-spec';
import { systemClock } from '@microstax/service/clock';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, describe, expect, test } from 'vitest';
import { instanceId, workloadJobs } from '../../services/runtime/src/core/instances.ts';
import type { KubeKind, KubeObject } from '../../services/runtime/src/core/kubernetes/kube-object.ts';
import { inWords, nameOf } from '../../services/runtime/src/core/kubernetes/kube-object.ts';
import { marks } from '../../services/runtime/src/core/kubernetes/marks.ts';
import { memberKinds } from '../../services/runtime/src/core/kubernetes/place-objects.ts';
import { aNaming, anImage, calls } from '../../services/runtime/src/core/testing/kube-shop.ts';
import type { Arrangement, StartRequest } from '../../services/runtime/src/shell/driver/driver.ts';
import { KubernetesDriver } from '../../services/runtime/src/shell/kubernetes/kubernetes-driver.ts';
import { type Cluster, findCluster } from './driver-cluster.ts';

const cluster = await findCluster();
afterAll(() => cluster?.[Symbol.asyncDispose]());

let count = 0;

function anEnv(): string {
  count += 1;
  return `driver-${process.pid}-${count}`;
}

function newDriver({ client }: Cluster): KubernetesDriver {
  return new KubernetesDriver({ client, clock: systemClock, gatewayNamespace: 'microstax', routerCidrs: [] });
}

type Draft = Parameters<typeof aNaming>[0];

function scene(draft: Draft, epoch = 1, generation = 1) {
  const { env } = draft;
  const { plan, resolution, composition } = aNaming(draft);
  const wanted = new Map(workloadJobs(plan).map((job) => [job.service, instanceId(job, generation)]));
  const scope = { org: 'default', env };
  const arrangement: Arrangement = { scope, epoch, plan, resolution, wanted, composition: async () => composition };
  const request = (spec: ServiceSpec): StartRequest => ({
    ...{ scope, epoch, spec, instance: wanted.get(spec.name) ?? '', runDigest: runDigest(spec), listeners: [] },
    composition: async () => composition,
  });
  return { scope, arrangement, request, wanted };
}

describe.skipIf(cluster === undefined)('KubernetesDriver', () => {
  const driver = cluster === undefined ? (undefined as never) : newDriver(cluster);

  async function started(request: StartRequest) {
    const outcome = await driver.start(request);
    if (outcome.kind !== 'running') throw new Error(`not started: ${JSON.stringify(outcome)}`);
    return outcome.instance;
  }

  async function isReady(request: StartRequest, timeoutMs = 20_000) {
    const instance = await started(request);
    const { scope, spec } = request;
    const outcome = await driver.ready({ scope, instance, spec, timeoutMs, signal: new AbortController().signal });
    return { instance, outcome };
  }

  async function objectsIn(namespace: string): Promise<readonly KubeObject[]> {
    const lists = await Promise.all(memberKinds.map((kind) => listed(kind, namespace)));
    return lists.flat();
  }

  async function listed(kind: KubeKind, namespace: string): Promise<readonly KubeObject[]> {
    const answer = await (cluster as Cluster).client.list(kind, namespace, {
      labels: { 'app.kubernetes.io/managed-by': 'microstax' },
    });
    if (answer.kind !== 'ok') throw new Error(JSON.stringify(answer));
    return answer.value;
  }

  test('makes what is planned, and the second time changes nothing of it', async () => {
    const env = anEnv();
    const web = anImage('web', { dependsOn: [calls('db')], replicas: 2 });
    const db = anImage('db', { stateful: true, secrets: [{ name: 'pw', envKey: 'PW', source: 'auto-generated' }] });
    const { arrangement, request, scope } = scene({ env, local: [web, db] });
    const all = async () => {
      expect(await driver.prepare(arrangement)).toBe('passed');
      await driver.ensureSecrets(scope, db);
      const first = await isReady(request(web));
      expect(first.outcome).toEqual({ kind: 'ready' });
      expect(await driver.rename(arrangement)).toBe('passed');
      return first.instance;
    };
    const instance = await all();
    expect(instance).toMatchObject({ pid: 0, ports: { http: 8080 }, host: expect.stringMatching(/^\d+\./), epoch: 1 });
    const versions = new Map(
      (await objectsIn(env)).map((one) => [
        inWords(nameOf(one)),
        one.metadata.generation ?? one.metadata.resourceVersion,
      ]),
    );
    expect([...versions.keys()].filter((name) => name.startsWith('Secret'))).toHaveLength(1);
    await all();
    const again = new Map(
      (await objectsIn(env)).map((one) => [
        inWords(nameOf(one)),
        one.metadata.generation ?? one.metadata.resourceVersion,
      ]),
    );
    // A quota's version moves with what is used of it.
    expect(Object.fromEntries(again)).toEqual({
      ...Object.fromEntries(versions),
      [`ResourceQuota ${env}/environment`]: expect.anything(),
    });
    expect(await driver.list(scope)).toHaveLength(1);
    expect(await driver.clear(scope, 1)).toBe('passed');
    expect(await driver.list(scope)).toEqual([]);
  });

  test('a newer owner is told by the namespace, and the older one does nothing more', async () => {
    const env = anEnv();
    const web = anImage('web');
    const { arrangement, request, scope } = scene({ env, local: [web] });
    await driver.prepare(arrangement);
    const instance = await started(request(web));
    expect(await driver.stamp(scope, 2)).toBe('passed');
    expect(await driver.stamp(scope, 1)).toBe('fenced');
    expect(await driver.prepare(arrangement)).toBe('fenced');
    expect(await driver.stop(scope, instance, 1)).toBe('fenced');
    expect(await driver.clear(scope, 1)).toBe('fenced');
    const other = scene({ env, local: [anImage('web', { env: { A: '1' } })] });
    expect(await driver.start(other.request(anImage('web', { env: { A: '1' } })))).toEqual({ kind: 'fenced' });
    expect(await driver.find(scope, instance.id)).toEqual(instance);
    expect(await driver.stop(scope, instance, 2)).toBe('passed');
    expect(await driver.missing(scope, [instance])).toEqual([instance]);
    expect(await driver.clear(scope, 2)).toBe('passed');
  });

  test('an owner that read before it was replaced cannot write after', async () => {
    const env = anEnv();
    const web = anImage('web');
    const { arrangement, scope } = scene({ env, local: [web] });
    await driver.prepare(arrangement);
    const { client } = cluster as Cluster;
    const name = { kind: 'LimitRange', namespace: env, name: 'environment' } as const;
    const before = await client.get(name);
    if (before.kind !== 'ok') throw new Error(JSON.stringify(before));
    const newer = { ...before.value.metadata.annotations, [marks.epoch]: '2' };
    await client.merge(name, { metadata: { annotations: newer } });
    const { metadata } = before.value;
    const { resourceVersion = '', uid = '' } = metadata;
    const { managedFields: _, ...own } = metadata as typeof metadata & { managedFields?: unknown };
    expect(await client.apply({ ...before.value, metadata: { ...own, resourceVersion } })).toMatchObject({
      kind: 'conflict',
    });
    expect(await client.apply({ ...before.value, metadata: { ...own, resourceVersion: '1' } })).toMatchObject({
      kind: 'conflict',
    });
    expect(await client.delete(name, { uid, resourceVersion })).toMatchObject({ kind: 'conflict' });
    expect(await driver.prepare(arrangement)).toBe('fenced');
    await driver.clear(scope, 3);
  });

  test('what keeps data rests while its successor has the volume, and wakes where that one is ended', async () => {
    const env = anEnv();
    const old = anImage('db', { stateful: true });
    const { arrangement, request, scope } = scene({ env, local: [old] });
    await driver.prepare(arrangement);
    const first = { instance: await started(request(old)) };
    const next = anImage('db', { stateful: true, env: { VERSION: '2' } });
    const second = scene({ env, local: [next] }, 1, 2);
    await driver.prepare(second.arrangement);
    const instance = await started(second.request(next));
    const replicas = async () =>
      Object.fromEntries(
        (await listed('StatefulSet', env)).map(({ metadata, spec }) => [
          metadata.name,
          (spec as { replicas: number }).replicas,
        ]),
      );
    expect(await replicas()).toEqual({ [first.instance.id]: 0, [instance.id]: 1 });
    expect(await driver.missing(scope, [first.instance])).toEqual([]);
    await driver.stop(scope, instance, 1);
    expect(await replicas()).toEqual({ [first.instance.id]: 1 });
    expect(await listed('PersistentVolumeClaim', env)).toHaveLength(1);
    await driver.clear(scope, 1);
  });

  test('names move from the old instance to the new, to another namespace and back, without being away', async () => {
    const [shop, feat] = [anEnv(), anEnv()];
    const catalog = anImage('catalog');
    const web = anImage('web', { dependsOn: [calls('catalog')] });
    const base = scene({ env: shop, local: [catalog] });
    await driver.prepare(base.arrangement);
    const inheriting = scene({ env: feat, local: [web], inherited: { from: shop, specs: [catalog] } });
    await driver.prepare(inheriting.arrangement);
    await driver.rename(inheriting.arrangement);
    const name = { kind: 'Service', namespace: feat, name: 'catalog' } as const;
    const specOf = async () => {
      const answer = await (cluster as Cluster).client.get(name);
      return answer.kind === 'ok' ? { uid: answer.value.metadata.uid, spec: answer.value.spec } : undefined;
    };
    const bridge = await specOf();
    expect(bridge?.spec).toMatchObject({ type: 'ExternalName', externalName: `catalog.${shop}.svc.cluster.local` });
    expect((await listed('NetworkPolicy', feat)).map(({ metadata }) => metadata.name)).toContain('open-catalog');
    const local = scene({ env: feat, local: [web, catalog] }, 1, 2);
    await driver.prepare(local.arrangement);
    expect((await specOf())?.spec).toMatchObject({ type: 'ExternalName' });
    await driver.rename(local.arrangement);
    const own = await specOf();
    expect(own).toMatchObject({
      uid: bridge?.uid,
      spec: { type: 'ClusterIP', selector: { 'microstax.dev/service': 'catalog' } },
    });
    expect((await listed('NetworkPolicy', feat)).map(({ metadata }) => metadata.name)).not.toContain('open-catalog');
    await driver.rename(inheriting.arrangement);
    expect(await specOf()).toMatchObject({ uid: bridge?.uid, spec: { type: 'ExternalName' } });
    const without = scene({ env: feat, local: [web], denied: ['catalog'] });
    await driver.rename(without.arrangement);
    expect((await specOf())?.spec).toMatchObject({ clusterIP: 'None' });
    await driver.rename(local.arrangement);
    expect((await specOf())?.spec).toMatchObject({ type: 'ClusterIP' });
    await driver.clear(base.scope, 1);
    await driver.clear(inheriting.scope, 1);
  });

  test('a namespace of somebody else is never used, nor one that is still being deleted', async () => {
    const { client } = cluster as Cluster;
    const env = anEnv();
    const foreign = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: env } } as const;
    expect(await client.create(foreign)).toMatchObject({ kind: 'ok' });
    const { arrangement, scope } = scene({ env, local: [anImage('web')] });
    await driver.prepare(arrangement);
    const places = async () => {
      const labels = { [marks.environment]: env };
      const answer = await client.list('Namespace', undefined, { labels });
      return answer.kind === 'ok' ? answer.value.map(({ metadata }) => metadata.name) : [];
    };
    const [first = ''] = await places();
    expect(first).toMatch(new RegExp(`^${env}-x[0-9a-f]{10}`));
    expect(await listed('NetworkPolicy', env)).toEqual([]);
    await driver.clear(scope, 1);
    await driver.prepare({ ...arrangement, epoch: 2 });
    expect((await places()).filter((name) => name !== first)).toHaveLength(1);
    await driver.clear(scope, 2);
    await eventually(async () => (await places()).length === 0, { timeoutMs: 30_000 });
  });
});
