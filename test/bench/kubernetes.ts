import { stringify } from 'yaml';
import type { KubeObject } from '../../services/runtime/src/core/kubernetes/kube-object.ts';
import { workloadVerdict } from '../../services/runtime/src/core/kubernetes/workload-verdict.ts';
import { stockApply } from '../../services/runtime/src/shell/kubernetes/testing/stock-apply.ts';
import { type Cluster, findCluster } from '../kube/driver-cluster.ts';
import { type House, startHouse } from '../scenarios/house.ts';
import type { Bench, Row } from './bench.ts';
import { median, quantile } from './quantiles.ts';

const atOnce = 20;
const ways = 16;
const label = { 'app.kubernetes.io/managed-by': 'microstax' };

export const kubernetes: Bench = {
  name: 'kubernetes',
  summary: 'an activation in a cluster beside the same objects applied by hand, twenty at once, and applies a second',
  legend: [
    'environment     ms from submitting a Blueprint of three images until its outcome is known, one after the other; six',
    '                services and a router in this process, fake nodes whose pods are ready after 50 ms',
    `environments    the same for ${atOnce} submitted at once, until the last one is ready`,
    '                floor: all objects of these environments, copied to other namespaces and applied one kind of thing',
    '                after the other by nobody but the client, until their Deployments are ready',
    `applies         server-side applies of small ConfigMaps a second, ${ways} at a time`,
    '                floor: the same by the generated client, in the same run; ratio: how many times as many ours makes',
  ],
  async run({ quick, progress }) {
    await using cluster = await findCluster();
    if (cluster === undefined)
      throw new Error('Cannot measure: there is no Kubernetes API; next: set KUBECONFIG, or build a kubebox');
    const env = { MSX_DRIVER: 'kubernetes', KUBECONFIG: cluster.kubeconfig, MSX_DRAIN: '1s' };
    await using house = await startHouse({ env });
    progress('environments one after the other');
    await activated(house, ['first']); // the first run in the interpreter
    const names = Array.from({ length: quick ? 3 : 20 }, (_, at) => `one-${at}`);
    const each: number[] = [];
    for (const name of names) each.push(await activated(house, [name]));
    const eachBare: number[] = [];
    for (const name of names) eachBare.push(await copied(cluster, [name]));
    progress('environments at once');
    const many = Array.from({ length: quick ? 4 : atOnce }, (_, at) => `many-${at}`);
    const together = await activated(house, many);
    const togetherBare = await copied(cluster, many);
    progress('applies');
    return [
      rowOf('environment', each, median(eachBare)),
      rowOf('environments', [together], togetherBare),
      await applies(cluster, quick ? 64 : 640),
    ];
  },
};

function rowOf(name: string, values: readonly number[], floor: number): Row {
  const p50 = median(values);
  return { name, n: values.length, unit: 'ms', p50, p99: quantile(values, 0.99), floor, ratio: p50 / floor };
}

async function activated(house: House, names: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const all = await Promise.all(names.map((name) => house.apply(name, stringify(threeImages(name)))));
  const bad = all.find(({ activation }) => activation?.outcome !== 'ready');
  if (bad) throw new Error(`an activation ended as ${bad.activation?.outcome}: ${bad.activation?.reason}`);
  return performance.now() - startedAt;
}

function threeImages(name: string) {
  const service = (own: string, dependsOn: readonly string[]) => ({
    name: own,
    image: `shop/${own}:1`,
    ports: ['8080:8080'],
    dependsOn,
  });
  return { name, services: [service('web', ['api']), service('api', ['db']), service('db', [])] };
}

const copiedKinds = ['ConfigMap', 'LimitRange', 'ResourceQuota', 'NetworkPolicy', 'Service', 'Deployment'] as const;

/** What the environments have, once more in namespaces of others, and until its Deployments are ready. */
async function copied(cluster: Cluster, names: readonly string[]): Promise<number> {
  const copies = await Promise.all(names.map((name) => copyOf(cluster, name)));
  const startedAt = performance.now();
  await Promise.all(
    copies.map(async ({ namespace, waves }) => {
      await apply(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      for (const wave of waves) await Promise.all(wave.map((one) => apply(cluster, one)));
      await untilRolledOut(cluster, namespace);
    }),
  );
  return performance.now() - startedAt;
}

async function copyOf({ client }: Cluster, name: string) {
  const namespace = `copy-of-${name}`;
  const waves = await Promise.all(
    copiedKinds.map(async (kind) => {
      const answer = await client.list(kind, name, { labels: label });
      if (answer.kind !== 'ok') throw new Error(`${kind}: ${answer.message}`);
      return answer.value.map((one) => inNamespace(one, namespace));
    }),
  );
  return { namespace, waves };
}

function inNamespace({ apiVersion, kind, metadata: { name }, spec, data }: KubeObject, namespace: string): KubeObject {
  const { clusterIP: _, clusterIPs: _ips, ...own } = (spec ?? {}) as Record<string, unknown>;
  return { apiVersion, kind, metadata: { name, namespace }, ...(spec ? { spec: own } : {}), ...(data ? { data } : {}) };
}

async function untilRolledOut({ client }: Cluster, namespace: string): Promise<void> {
  for (;;) {
    const answer = await client.list('Deployment', namespace);
    const all = answer.kind === 'ok' ? answer.value : [];
    if (all.length > 0 && all.every((workload) => workloadVerdict({ workload, pods: [], events: [] }).kind === 'ready'))
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function apply({ client }: Cluster, object: KubeObject): Promise<void> {
  const answer = await client.apply(object);
  if (answer.kind !== 'ok') throw new Error(`${object.kind} ${object.metadata.name}: ${answer.message}`);
}

async function applies(cluster: Cluster, count: number): Promise<Row> {
  await apply(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'applies' } });
  const stock = stockApply(cluster.kubeconfig);
  const ours = (object: KubeObject): Promise<unknown> => apply(cluster, object);
  const perSecond = async (who: string, one: (object: KubeObject) => Promise<unknown>): Promise<number> => {
    const objects = Array.from({ length: count }, (_, at): KubeObject => {
      return {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `${who}-${at}`, namespace: 'applies' },
        data: { at: String(at) },
      };
    });
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: ways }, async (_, way) => {
        for (let at = way; at < count; at += ways) await one(objects[at] as KubeObject);
      }),
    );
    return (count * 1_000) / (performance.now() - startedAt);
  };
  await perSecond('warm', ours);
  const [own, generated] = [await perSecond('ours', ours), await perSecond('stock', stock)];
  return { name: 'applies', n: count, unit: 'applies/s', p50: own, p99: own, floor: generated, ratio: own / generated };
}
