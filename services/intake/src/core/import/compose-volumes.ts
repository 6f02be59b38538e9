import type { Located, LocatedMap } from '../located.ts';
import { quote } from '../quote.ts';
import type { ComposeScene } from './compose-scene.ts';
import { ourName } from './names.ts';
import { asBoolean, asList, asText, child } from './nodes.ts';
import { saysSecret } from './secret-names.ts';
import { namedVolumes, type ImportedVolume as Volume } from './volume-names.ts';
import { writtenTextOf } from './written-text.ts';

/** `volumes`, `tmpfs`, `configs` and `secrets` of a service as what it finds under a path. */
export function composeVolumes(service: LocatedMap, path: string, scene: ComposeScene): Record<string, unknown> {
  const get = (key: string): Located | undefined => service.entries.get(key)?.node;
  const found: Volume[] = [];
  asList(get('volumes'), `${path}.volumes`, scene).forEach((item, index) => {
    const volume =
      item.kind === 'map'
        ? longVolume(item, `${path}.volumes.${index}`, scene)
        : shortVolume(item, `${path}.volumes.${index}`, scene);
    if (volume !== undefined) found.push(volume);
  });
  asList(get('tmpfs'), `${path}.tmpfs`, scene).forEach((item, index) => {
    const mountPath = asText(item, `${path}.tmpfs.${index}`, scene)?.split(':')[0];
    if (mountPath === undefined || !isAbsolute(mountPath, item, `${path}.tmpfs.${index}`, scene)) return;
    scene.ledger.carry(item);
    found.push({ name: '', mountPath, type: 'empty' });
  });
  found.push(
    ...grants('secret', get('secrets'), `${path}.secrets`, scene),
    ...grants('config', get('configs'), `${path}.configs`, scene),
  );
  if (found.length === 0) return {};
  const volumes = namedVolumes(found);
  return { volumes, ...(volumes.some(({ type }) => type === 'pvc') ? { stateful: true } : {}) };
}

function shortVolume(item: Located, path: string, scene: ComposeScene): Volume | undefined {
  const text = asText(item, path, scene);
  if (text === undefined) return undefined;
  const [first = '', second, mode = '', more] = text.split(':');
  const mountPath = second ?? first;
  if (more !== undefined || !isAbsolute(mountPath, item, path, scene)) return undefined;
  scene.ledger.carry(item);
  const readOnly = mode.split(',').includes('ro') ? { readOnly: true } : {};
  if (second === undefined) return { name: '', mountPath, type: 'empty', ...readOnly };
  if (isPath(first)) return { name: '', mountPath, type: 'bind', source: first, ...readOnly };
  declaredVolume(first, item, path, scene);
  return { name: ourName(first) ?? '', mountPath, type: 'pvc', ...readOnly };
}

function longVolume(item: LocatedMap, path: string, scene: ComposeScene): Volume | undefined {
  const word = (key: string): string | undefined => asText(child(item, key), `${path}.${key}`, scene);
  const [type = 'volume', source, mountPath] = [word('type'), word('source'), word('target')];
  const readOnly = asBoolean(child(item, 'read_only'), `${path}.read_only`, scene) ? { readOnly: true } : {};
  if (mountPath === undefined) {
    scene.complaints.add({
      code: 'missing-key',
      path,
      at: item.at,
      reason: '"target" is missing: where the volume is mounted',
    });
    return undefined;
  }
  if (!isAbsolute(mountPath, item, path, scene)) return undefined;
  const subPath = asText(child(child(item, 'volume'), 'subpath'), `${path}.volume.subpath`, scene);
  scene.ledger.carry(
    child(item, 'type'),
    child(item, 'source'),
    child(item, 'target'),
    child(item, 'read_only'),
    child(child(item, 'volume'), 'subpath'),
  );
  const rest = { mountPath, ...readOnly, ...(subPath === undefined ? {} : { subPath }) };
  if (type === 'tmpfs' || (type === 'volume' && source === undefined)) return { name: '', type: 'empty', ...rest };
  if (type === 'bind' && source !== undefined) return { name: '', type: 'bind', source, ...rest };
  if (type === 'volume' && source !== undefined) {
    declaredVolume(source, child(item, 'source') ?? item, `${path}.source`, scene);
    return { name: ourName(source) ?? '', type: 'pvc', ...rest };
  }
  scene.ledger.drop(item, `a mount of type ${quote(type)} has no counterpart`);
  return undefined;
}

/** A named volume is declared at the top, so that a mistyped one is no new one. */
function declaredVolume(name: string, item: Located, path: string, scene: ComposeScene): void {
  if (scene.application.sections.get('volumes')?.entries.has(name)) return;
  scene.complaints.add({
    code: 'unknown-volume',
    path,
    at: item.at,
    reason: `volume ${quote(name)} is not declared under volumes at the top`,
    next: `add it there, or write ./${name} for a folder`,
  });
}

/** What a service is granted of the secrets and configs at the top. */
function grants(kind: 'secret' | 'config', node: Located | undefined, path: string, scene: ComposeScene): Volume[] {
  const section = scene.application.sections.get(`${kind}s`);
  return asList(node, path, scene).flatMap((item, index): Volume[] => {
    const at = `${path}.${index}`;
    const source = asText(item.kind === 'map' ? child(item, 'source') : item, at, scene);
    if (source === undefined) return [];
    const declared = section?.entries.get(source)?.node;
    if (declared === undefined) {
      scene.complaints.add({
        code: `unknown-${kind}`,
        path: at,
        at: item.at,
        reason: `${kind} ${quote(source)} is not declared under ${kind}s at the top`,
      });
      return [];
    }
    const target = asText(child(item, 'target'), `${at}.target`, scene) ?? source;
    const mountPath = target.startsWith('/') ? target : kind === 'secret' ? `/run/secrets/${target}` : `/${target}`;
    const content = child(declared, 'content');
    if (kind === 'config' && content === undefined && child(declared, 'external') === undefined) {
      scene.ledger.drop(item, 'the content of the config is in a file or a variable outside of these files');
      return [];
    }
    if (item.kind === 'map') scene.ledger.carry(child(item, 'source'), child(item, 'target'));
    else scene.ledger.carry(item);
    const file = mountPath.slice(mountPath.lastIndexOf('/') + 1);
    const name = ourName(source) ?? '';
    if (writtenTextOf(content)?.variables.some(saysSecret)) {
      scene.ledger.drop(item, 'its content is made of a secret, and files of a Blueprint are there for all to read');
      return [];
    }
    if (content?.kind === 'scalar') {
      scene.ledger.carry(content);
      return [{ name, mountPath, type: 'config', subPath: file, files: { [file]: content.source } }];
    }
    scene.ledger.carry(child(declared, 'external'));
    return [
      { name, mountPath, type: kind, source: asText(child(declared, 'name'), at, scene) ?? source, subPath: source },
    ];
  });
}

function isPath(source: string): boolean {
  return /^[./~]/.test(source);
}

function isAbsolute(mountPath: string, item: Located, path: string, { complaints }: ComposeScene): boolean {
  if (mountPath.startsWith('/')) return true;
  complaints.add({
    code: 'bad-volume',
    path,
    at: item.at,
    reason: 'a volume is mounted under an absolute path',
    next: 'write source:/path, or { source, target: /path }',
  });
  return false;
}
