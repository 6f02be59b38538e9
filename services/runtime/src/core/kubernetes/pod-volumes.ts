import type { ServiceSpec } from '@microstax/model/service-spec';
import type { VolumeSpec } from '@microstax/model/volume-spec';
import type { KubeObject } from './kube-object.ts';
import type { Place } from './marks.ts';
import { objectName } from './object-name.ts';
import { object } from './place-objects.ts';
import { bytes } from './quantities.ts';

/** Where a stateful service that declares no volume of its own finds `MSX_DATA_DIR`. */
export const dataDir = '/var/lib/microstax';

export type PodVolumes = {
  /** What has to be there before the pod: files, and claims that outlive instances. */
  readonly objects: readonly KubeObject[];
  readonly volumes: readonly object[];
  readonly mounts: readonly object[];
};

/** Whether an instance holds on to a volume that only one may write to. */
export function keepsData({ stateful, volumes = [] }: ServiceSpec): boolean {
  return stateful || volumes.some(({ type }) => type === 'pvc');
}

/** Whether `MSX_DATA_DIR` is mounted: a stateful service keeps its data somewhere, also where it does not say so. */
export function hasDataDir({ stateful, volumes = [] }: ServiceSpec): boolean {
  return stateful && !volumes.some(({ type }) => type === 'pvc');
}

/** The volumes of a service's pod. Claims are named after the service, so that data outlives instances. */
export function podVolumes(place: Place, spec: ServiceSpec, instance: string): PodVolumes {
  const own = (spec.volumes ?? []).map((volume) => {
    const name = objectName(volume.name);
    const { mountPath, readOnly, subPath } = volume;
    const mount = { name, mountPath, ...(readOnly ? { readOnly } : {}), ...(subPath === undefined ? {} : { subPath }) };
    return { ...realised(place, spec, instance, volume, name), mount };
  });
  const data = hasDataDir(spec) ? [dataVolume(place, spec)] : [];
  const all = [...own, ...data];
  return {
    objects: all.flatMap(({ objects }) => objects),
    volumes: all.map(({ volume }) => volume),
    mounts: all.map(({ mount }) => mount),
  };
}

const sizeBytesDefault = 1_024 ** 3;

function dataVolume(place: Place, spec: ServiceSpec) {
  const claimName = objectName(`${spec.name}.data`);
  const name = 'microstax-data';
  return {
    objects: [claim(place, spec, claimName, spec.resources.storageBytes || sizeBytesDefault)],
    volume: { name, persistentVolumeClaim: { claimName } },
    mount: { name, mountPath: dataDir },
  };
}

function realised(place: Place, spec: ServiceSpec, instance: string, volume: VolumeSpec, name: string) {
  switch (volume.type) {
    case 'pvc': {
      const claimName = objectName(`${spec.name}.${volume.name}`);
      const size = volume.sizeBytes ?? (spec.resources.storageBytes || sizeBytesDefault);
      return { objects: [claim(place, spec, claimName, size)], volume: { name, persistentVolumeClaim: { claimName } } };
    }
    case 'config': {
      if (volume.files === undefined)
        return { objects: [], volume: { name, configMap: { name: volume.source ?? volume.name } } };
      const files = objectName(`${instance}.${volume.name}`);
      const map = object(place, 'ConfigMap', files, 'files', { data: volume.files }, spec.name);
      return { objects: [map], volume: { name, configMap: { name: files } } };
    }
    case 'secret':
      return { objects: [], volume: { name, secret: { secretName: volume.source ?? volume.name } } };
    case 'empty':
    case 'bind': // denied before: no word of this driver
      return { objects: [], volume: { name, emptyDir: {} } };
  }
}

function claim(place: Place, spec: ServiceSpec, name: string, sizeBytes: number): KubeObject {
  return object(
    place,
    'PersistentVolumeClaim',
    name,
    'volume',
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: bytes(sizeBytes) } } } },
    spec.name,
  );
}
