import { isDigest } from '@microstax/model/digest';
import type { InstanceRecord } from '@microstax/model/journal';
import { inWords, type KubeObject, nameOf } from '../../core/kubernetes/kube-object.ts';
import { marks } from '../../core/kubernetes/marks.ts';
import { addressName } from '../../core/kubernetes/workload-objects.ts';
import { epochOf } from './fenced-objects.ts';
import type { KnownPlace } from './places.ts';

/** What the journal keeps of a workload; undefined where it is not an instance of ours. */
export function instanceRecord(
  place: KnownPlace,
  workload: KubeObject,
  address: KubeObject | undefined,
): InstanceRecord | undefined {
  const { annotations = {}, labels = {}, uid } = workload.metadata;
  const [id, runDigest, service] = [annotations[marks.instanceId], annotations[marks.runDigest], labels[marks.service]];
  if (id === undefined || uid === undefined || service === undefined) return undefined;
  if (runDigest === undefined || !isDigest(runDigest)) return undefined;
  const { clusterIP, ports = [] } = (address?.spec ?? {}) as {
    clusterIP?: string;
    ports?: readonly { readonly name: string; readonly port: number }[];
  };
  return {
    ...{ id, service, runDigest, pid: 0, startTime: uid, bootId: place.uid },
    ports: Object.fromEntries(ports.map(({ name, port }) => [name, port])),
    ...(clusterIP === undefined ? {} : { host: clusterIP }),
    object: inWords(nameOf(workload)),
    epoch: epochOf(workload),
  };
}

/** The same of all workloads of a namespace, each with its own address among the Services. */
export function instanceRecords(
  place: KnownPlace,
  workloads: readonly KubeObject[],
  services: readonly KubeObject[],
): readonly InstanceRecord[] {
  const addresses = new Map(services.map((service) => [service.metadata.name, service]));
  return workloads.flatMap((workload) => {
    const id = workload.metadata.annotations?.[marks.instanceId];
    const record = instanceRecord(place, workload, id === undefined ? undefined : addresses.get(addressName(id)));
    return record ?? [];
  });
}
