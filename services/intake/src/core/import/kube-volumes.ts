import type { Located } from '../located.ts';
import { quantityBytes } from '../quantities.ts';
import { quote } from '../quote.ts';
import { carryConfig, configData, findObject, type KubeScene } from './kube-scene.ts';
import { ourName } from './names.ts';
import { asBoolean, asList, asMap, asText, child } from './nodes.ts';
import { type ImportedVolume, namedVolumes } from './volume-names.ts';

type About = { readonly namespace: string; readonly path: string };
type Kind = Omit<ImportedVolume, 'name' | 'mountPath'>;

/** What a container mounts: empty, ConfigMaps with their files, Secrets by name, claims, and folders of the host. */
export function kubeVolumes(
  { pod, container, claims }: { pod: Located | undefined; container: Located; claims: Located | undefined },
  about: About,
  scene: KubeScene,
): Record<string, unknown> {
  const found = asList(child(container, 'volumeMounts'), `${about.path}.volumeMounts`, scene).flatMap(
    (mount, index): ImportedVolume[] => {
      const at = `${about.path}.volumeMounts.${index}`;
      const [name, mountPath] = [
        asText(child(mount, 'name'), `${at}.name`, scene),
        asText(child(mount, 'mountPath'), `${at}.mountPath`, scene),
      ];
      if (name === undefined || mountPath === undefined) {
        scene.complaints.add({
          code: 'missing-key',
          path: at,
          at: mount.at,
          reason: 'a mount needs "name" and "mountPath"',
        });
        return [];
      }
      const volume = namedIn(child(pod, 'volumes'), name);
      const claim = namedIn(claims, name, 'metadata');
      if (volume === undefined && claim === undefined) {
        scene.complaints.add({
          code: 'unknown-volume',
          path: `${at}.name`,
          at: child(mount, 'name')?.at ?? mount.at,
          reason: `the pod has no volume ${quote(name)}`,
        });
        return [];
      }
      const kind = claim === undefined ? volumeKind(volume, about.namespace, at, scene) : claimKind(claim, at, scene);
      if (kind === undefined) {
        scene.ledger.drop(mount, 'its volume is of a kind that has no counterpart');
        return [];
      }
      const subPath = asText(child(mount, 'subPath'), `${at}.subPath`, scene);
      const readOnly = asBoolean(child(mount, 'readOnly'), `${at}.readOnly`, scene);
      scene.ledger.carry(
        child(mount, 'name'),
        child(mount, 'mountPath'),
        child(mount, 'subPath'),
        child(mount, 'readOnly'),
        child(volume, 'name'),
      );
      return [
        {
          name: ourName(name) ?? '',
          mountPath,
          ...kind,
          ...(subPath === undefined ? {} : { subPath }),
          ...(readOnly === true ? { readOnly } : {}),
        },
      ];
    },
  );
  return found.length === 0 ? {} : { volumes: namedVolumes(found) };
}

function namedIn(list: Located | undefined, name: string, inside?: string): Located | undefined {
  if (list?.kind !== 'list') return undefined;
  return list.items.find((item) => {
    const node = child(inside === undefined ? item : child(item, inside), 'name');
    return node?.kind === 'scalar' && node.source === name;
  });
}

function volumeKind(volume: Located | undefined, namespace: string, path: string, scene: KubeScene): Kind | undefined {
  const get = (key: string): Located | undefined => child(volume, key);
  if (get('emptyDir') !== undefined) {
    const empty = get('emptyDir');
    if (empty?.kind !== 'map' || empty.entries.size === 0) scene.ledger.carry(empty);
    else scene.ledger.drop(empty, 'what an empty volume is kept on is up to where it runs');
    return { type: 'empty' };
  }
  const host = asText(child(get('hostPath'), 'path'), path, scene);
  if (host !== undefined) {
    scene.ledger.carry(child(get('hostPath'), 'path'));
    return { type: 'bind', source: host };
  }
  const secret = asText(child(get('secret'), 'secretName'), path, scene);
  if (secret !== undefined) {
    scene.ledger.carry(child(get('secret'), 'secretName'));
    return { type: 'secret', source: secret };
  }
  const claim = asText(child(get('persistentVolumeClaim'), 'claimName'), path, scene);
  if (claim !== undefined) {
    scene.ledger.carry(child(get('persistentVolumeClaim'), 'claimName'));
    return claimKind(findObject(scene, 'PersistentVolumeClaim', claim, namespace)?.node, path, scene);
  }
  const config = asText(child(get('configMap'), 'name'), path, scene);
  return config === undefined ? undefined : configKind(get('configMap'), config, namespace, path, scene);
}

function claimKind(claim: Located | undefined, path: string, scene: KubeScene): Kind {
  const node = child(child(child(child(claim, 'spec'), 'resources'), 'requests'), 'storage');
  const size = asText(node, `${path}.storage`, scene);
  scene.ledger.carry(child(child(claim, 'metadata'), 'name'));
  if (size === undefined || node === undefined) return { type: 'pvc' };
  if (quantityBytes(size) === undefined) {
    scene.complaints.add({
      code: 'bad-quantity',
      path: `${path}.storage`,
      at: node.at,
      reason: `${quote(size)} is no amount of storage`,
    });
    return { type: 'pvc' };
  }
  scene.ledger.carry(node);
  return { type: 'pvc', size };
}

/** The files of a ConfigMap, renamed where `items` says so; one that the files do not hold is referred to by name. */
function configKind(node: Located | undefined, name: string, namespace: string, path: string, scene: KubeScene): Kind {
  scene.ledger.carry(child(node, 'name'));
  const data = configData(scene, name, namespace);
  if (data === undefined) return { type: 'config', source: name };
  const items = asList(child(node, 'items'), `${path}.configMap.items`, scene);
  const chosen = items.map(
    (item) => [asText(child(item, 'key'), path, scene) ?? '', asText(child(item, 'path'), path, scene) ?? ''] as const,
  );
  const pairs = items.length === 0 ? [...data.keys()].map((key) => [key, key] as const) : chosen;
  if (pairs.some(([key, file]) => !data.has(key) || file === '' || file.includes('/')))
    return { type: 'config', source: name };
  for (const [key] of pairs) carryConfig(scene, name, namespace, key);
  scene.ledger.carry(child(node, 'items'));
  const files = Object.fromEntries(pairs.map(([key, file]) => [file, data.get(key)?.text ?? '']));
  return Object.keys(files).length === 0 ? { type: 'empty' } : { type: 'config', files };
}

/** The claims of a StatefulSet's template. */
export function claimTemplates(spec: Located | undefined, path: string, scene: KubeScene): Located | undefined {
  const node = child(spec, 'volumeClaimTemplates');
  for (const item of asList(node, path, scene)) asMap(item, path, scene);
  return node;
}
