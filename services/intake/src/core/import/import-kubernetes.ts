import type { ImportKubernetesRequest, ImportRemark, ImportReply } from '@microstax/contracts/import-requests';
import { sortedBy } from '@microstax/model/compare';
import { quote } from '../quote.ts';
import { Complaints } from './complaints.ts';
import type { Draft } from './draft.ts';
import { environmentName } from './environment-name.ts';
import { type KubeObject, kubeObjects } from './kube-objects.ts';
import type { KubeScene } from './kube-scene.ts';
import { selectingServices, selectNothing, strayBackends } from './kube-services.ts';
import { kubeWorkload } from './kube-workload.ts';
import { type Account, Ledger, sumOf } from './ledger.ts';
import { link } from './link.ts';
import { Names, ourName } from './names.ts';
import { child } from './nodes.ts';
import { printBlueprint } from './print-blueprint.ts';
import { reportOf } from './report.ts';
import { SecretReferences } from './secrets.ts';
import { Sources } from './sources.ts';

const workloadKinds: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet']);

/** Kinds that are read for what workloads use of them. */
const helperKinds: ReadonlySet<string> = new Set([
  'Service',
  'ConfigMap',
  'Secret',
  'Ingress',
  'PersistentVolumeClaim',
]);

const reasons: Readonly<Record<string, string>> = {
  Namespace: 'the environment stands in its place',
  DaemonSet: 'an environment has no nodes to run one on each',
  Job: 'a service runs on; a step before the start is written as init',
  CronJob: 'nothing is started by the clock',
};

/**
 * Manifests as a Blueprint and a report, or everything that is wrong with them. Secrets are referred to and never read.
 * No text makes it throw, and the same request has the same answer to the byte.
 */
export function kubernetesBlueprint(request: ImportKubernetesRequest): ImportReply {
  const sources = new Sources();
  const complaints = new Complaints();
  const objects = kubeObjects(request.files, sources, complaints);
  complainOfTwins(objects, complaints);
  const name = environmentName(request, onlyNamespace(objects), complaints);
  const workloads = objects.filter(({ kind }) => workloadKinds.has(kind));
  const scene: KubeScene = {
    complaints,
    ledger: new Ledger(),
    objects,
    byName: new Map(objects.map((one) => [`${one.kind} ${one.namespace} ${one.name}`, one])),
    selecting: selectingServices(objects, workloads),
    references: new SecretReferences(name),
  };
  if (workloads.length === 0 && !complaints.blocks())
    complaints.add({
      code: 'no-services',
      path: 'manifests',
      at: 0,
      reason: 'the files hold neither a Deployment nor a StatefulSet',
    });
  const names = new Names(complaints);
  const drafts = workloads.flatMap((workload): Draft[] => {
    const ours = names.take(workload.name, `${workload.kind}/${workload.name}`, workload.node.at);
    const draft = ours === undefined ? undefined : kubeWorkload(workload, ours, scene);
    return draft === undefined ? [] : [draft];
  });
  const remarks = strays(scene, sources);
  const findings = complaints.findings(sources);
  if (complaints.blocks()) return { kind: 'refused', findings };
  const linked = link(
    sortedBy(drafts, (draft) => draft.name),
    sources,
  );
  const account = sumOf(objects.map((object) => accountOf(object, scene)));
  const blueprint = printBlueprint(name, request, linked.services, request.files);
  return {
    kind: 'imported',
    blueprint,
    report: reportOf('kubernetes', name, { linked, account, remarks, sources }),
    findings,
  };
}

function complainOfTwins(objects: readonly KubeObject[], complaints: Complaints): void {
  const seen = new Set<string>();
  for (const { kind, name, namespace, node } of objects) {
    const key = `${kind} ${namespace} ${name}`;
    // Two workloads of one name are told apart by their names as services already.
    if (seen.has(key) && !workloadKinds.has(kind))
      complaints.add({
        code: 'duplicate-object',
        path: `${kind}/${name}`,
        at: node.at,
        reason: `${kind} ${quote(name)} is declared twice`,
        next: 'keep one of them',
      });
    seen.add(key);
  }
}

/** A namespace that everything is in names the application too. */
function onlyNamespace(objects: readonly KubeObject[]): string | undefined {
  const namespaces = new Set(objects.filter(({ kind }) => workloadKinds.has(kind)).map(({ namespace }) => namespace));
  return namespaces.size === 1 ? [...namespaces].filter((one) => one !== 'default')[0] : undefined;
}

function strays(scene: KubeScene, sources: Sources): ImportRemark[] {
  return [
    ...selectNothing(scene).map(({ name, node }) => ({
      field: `Service/${name}`,
      reason: 'it selects nothing of these files, so nobody knows what answers there',
      at: sources.positionAt(node.at),
    })),
    ...strayBackends(scene).map(({ path, name, at }) => ({
      field: path,
      reason: `it leads to Service ${quote(name)}, which is not in these files`,
      at: sources.positionAt(at),
    })),
  ];
}

function accountOf({ kind, name, node }: KubeObject, { ledger }: KubeScene): Account {
  const known = workloadKinds.has(kind) || helperKinds.has(kind);
  const path = `${kind}/${name}`;
  if (!known) ledger.drop(node, reasons[kind] ?? 'a Blueprint has no counterpart of this kind');
  else {
    const metadata = child(node, 'metadata');
    ledger.carry(child(node, 'apiVersion'), child(node, 'kind'), child(metadata, 'name'), child(metadata, 'namespace'));
    // What a cluster keeps about an object is no part of it.
    for (const key of ['uid', 'resourceVersion', 'creationTimestamp', 'generation', 'managedFields'])
      ledger.carry(child(metadata, key));
    if (kind === 'Secret')
      for (const key of ['data', 'stringData'])
        ledger.drop(child(node, key), 'what a Secret holds is never read; it is to be there where the services run');
  }
  return ledger.account(node, path, {
    ...(workloadKinds.has(kind) ? { service: ourName(name) ?? name } : {}),
    otherwise: 'a Blueprint has no such field',
  });
}
