import type { Located } from '../located.ts';
import type { ComposeScene } from './compose-scene.ts';
import { asBoolean, asList } from './nodes.ts';

type Get = (key: string) => Located | undefined;

/** `cap_add`, `cap_drop`, `read_only`, `privileged` and `no-new-privileges` as a Blueprint's `security`. */
export function composeSecurity(get: Get, path: string, scene: ComposeScene): Record<string, unknown> {
  const names = (key: string): readonly string[] => {
    const node = get(key);
    const items = asList(node, `${path}.${key}`, scene).flatMap((item) =>
      item.kind === 'scalar' ? [capability(item.source)] : [],
    );
    scene.ledger.carry(node);
    return [...new Set(items)].sort();
  };
  const flag = (key: string): boolean | undefined => {
    const value = asBoolean(get(key), `${path}.${key}`, scene);
    if (value !== undefined) scene.ledger.carry(get(key));
    return value;
  };
  const [add, drop] = [names('cap_add'), names('cap_drop')];
  const [readOnly, privileged] = [flag('read_only'), flag('privileged')];
  const options = asList(get('security_opt'), `${path}.security_opt`, scene);
  const noNew = options.find((item) => item.kind === 'scalar' && /^no-new-privileges(:true)?$/.test(item.source));
  scene.ledger.carry(noNew);
  const security = {
    ...(readOnly === undefined ? {} : { readOnlyRootFilesystem: readOnly }),
    ...(privileged === undefined ? {} : { privileged }),
    ...(noNew === undefined ? {} : { allowPrivilegeEscalation: false }),
    ...(add.length + drop.length === 0
      ? {}
      : { capabilities: { ...(add.length === 0 ? {} : { add }), ...(drop.length === 0 ? {} : { drop }) } }),
  };
  return Object.keys(security).length === 0 ? {} : { security };
}

/** `cap_net_bind_service`, `all`: as the kernel writes them, without the prefix. */
export function capability(written: string): string {
  return written.toUpperCase().replace(/^CAP_/, '');
}
