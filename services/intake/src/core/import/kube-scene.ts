import type { Complaints } from './complaints.ts';
import type { KubeObject } from './kube-objects.ts';
import type { Ledger } from './ledger.ts';
import { asMap, asText, child, type Reading } from './nodes.ts';
import type { SecretReferences } from './secrets.ts';
import { type WrittenText, writtenTextOf } from './written-text.ts';

/** What the parts of a workload are read with. */
export type KubeScene = Reading & {
  readonly complaints: Complaints;
  readonly ledger: Ledger;
  readonly objects: readonly KubeObject[];
  readonly byName: ReadonlyMap<string, KubeObject>;
  /** The Services that select each workload. */
  readonly selecting: ReadonlyMap<KubeObject, readonly KubeObject[]>;
  readonly references: SecretReferences;
};

export function findObject(
  { byName }: KubeScene,
  kind: string,
  name: string,
  namespace: string,
): KubeObject | undefined {
  return byName.get(`${kind} ${namespace} ${name}`);
}

/** The entries of a ConfigMap; undefined where the files do not hold it. */
export function configData(
  scene: KubeScene,
  name: string,
  namespace: string,
): ReadonlyMap<string, WrittenText> | undefined {
  const object = findObject(scene, 'ConfigMap', name, namespace);
  if (object === undefined) return undefined;
  const data = asMap(child(object.node, 'data'), `ConfigMap/${name}.data`, scene);
  const entries = new Map<string, WrittenText>();
  for (const [key, { node }] of data?.entries ?? []) {
    const written = writtenTextOf(node);
    if (written === undefined) asText(node, `ConfigMap/${name}.data.${key}`, scene);
    else entries.set(key, written);
  }
  return entries;
}

/** Marks entries of a ConfigMap as carried. */
export function carryConfig(scene: KubeScene, name: string, namespace: string, key?: string): void {
  const data = child(findObject(scene, 'ConfigMap', name, namespace)?.node, 'data');
  scene.ledger.carry(key === undefined ? data : child(data, key));
}

/** The keys of a Secret of the files. What they hold is never read. */
export function secretKeys(scene: KubeScene, name: string, namespace: string): readonly string[] | undefined {
  const object = findObject(scene, 'Secret', name, namespace);
  if (object === undefined) return undefined;
  const parts = ['data', 'stringData'].map((part) => child(object.node, part));
  return parts.flatMap((part) => (part?.kind === 'map' ? [...part.entries.keys()] : []));
}
