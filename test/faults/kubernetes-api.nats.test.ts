import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Cluster, findCluster } from '../kube/driver-cluster.ts';
import { startHouse } from '../scenarios/house.ts';
import { apiFaults, apiProxy } from './api-proxy.ts';
import { counted, times } from './config.ts';

const cluster = await findCluster();
afterAll(() => cluster?.[Symbol.asyncDispose]());

const each = times(5, 50);
const atOnce = 4;
const seed = 20_261_125;

/** Protocol 23 and design 5.5: an answer that nobody heard is read back, and each object is applied once. */
test.skipIf(cluster === undefined)(
  'an API that refuses, hangs, resets or applies without an answer delays activations and repeats no effect',
  async () => {
    const { client, kubeconfig } = cluster as Cluster;
    await using proxy = await apiProxy(kubeconfig, each, seed);
    const folder = await mkdtemp(join(tmpdir(), 'msx-api-'));
    const path = join(folder, 'kubeconfig');
    await writeFile(path, stringify(kubeconfigAt(proxy.url)));
    await using house = await startHouse({
      env: { MSX_DRIVER: 'kubernetes', KUBECONFIG: path, MSX_KUBE_TIMEOUT: '1s', MSX_DRAIN: '1s' },
    });
    const envs: string[] = [];
    const isOpen = () => apiFaults.some((fault) => proxy.done[fault] < each);
    const outcomes: string[] = [];
    while (isOpen() && envs.length < each * 6) {
      const some = Array.from({ length: atOnce }, (_, at) => `api-${envs.length + at}`);
      envs.push(...some);
      const applied = await Promise.all(some.map((env) => house.apply(env, stringify(aBlueprint(env)))));
      outcomes.push(
        ...applied.map(({ activation }) =>
          activation?.outcome === 'ready' ? 'ready' : `${activation?.outcome}: ${activation?.reason}`,
        ),
      );
    }
    const deployments = await client.list('Deployment', undefined, {
      labels: { 'app.kubernetes.io/managed-by': 'microstax' },
    });
    const secrets = await client.list('Secret', undefined, { labels: { 'app.kubernetes.io/managed-by': 'microstax' } });
    if (deployments.kind !== 'ok' || secrets.kind !== 'ok') throw new Error('the cluster itself does not answer');
    const twice = [...proxy.applies].filter(([, applies]) => applies > 1);
    counted('Kubernetes API', {
      ...proxy.done,
      activations: outcomes.length,
      ready: outcomes.filter((outcome) => outcome === 'ready').length,
      deployments: deployments.value.length,
      'objects applied': proxy.applies.size,
      'applied twice': twice.length,
    });
    expect(proxy.done).toEqual(Object.fromEntries(apiFaults.map((fault) => [fault, each])));
    expect(outcomes.filter((outcome) => outcome !== 'ready')).toEqual([]);
    expect(twice).toEqual([]);
    expect(deployments.value).toHaveLength(envs.length * 2);
    expect(deployments.value.filter(({ metadata }) => metadata.generation !== 1)).toEqual([]);
    expect(secrets.value).toHaveLength(envs.length);
    for (const env of envs) expect((await house.command('delete', env)).activation).toMatchObject({ outcome: 'ready' });
    await eventually(
      async () => {
        const left = await client.list('Namespace', undefined, {
          labels: { 'app.kubernetes.io/managed-by': 'microstax' },
        });
        return left.kind === 'ok' && left.value.length === 0;
      },
      { timeoutMs: 120_000, intervalMs: 500, message: 'no namespace is left' },
    );
    await rm(folder, { recursive: true, force: true });
  },
);

function aBlueprint(name: string) {
  const service = (own: string, more: object = {}) => ({
    name: own,
    image: `shop/${own}:1`,
    ports: ['8080:8080'],
    ...more,
  });
  const secrets = [{ name: 'key', envKey: 'KEY', value: 'auto-generated' }];
  return { name, services: [service('web', { dependsOn: ['api'], expose: true }), service('api', { secrets })] };
}

function kubeconfigAt(server: string) {
  return {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'proxy' },
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'proxy', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
  };
}
