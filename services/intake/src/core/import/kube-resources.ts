import type { Located } from '../located.ts';
import { cpuMillicores, quantityBytes } from '../quantities.ts';
import { quote } from '../quote.ts';
import type { KubeScene } from './kube-scene.ts';
import { asBoolean, asInteger, asList, asText, child } from './nodes.ts';
import { capability } from './security.ts';

/** Requests and limits; who states only a limit asks for as much, as Kubernetes has it. */
export function kubeResources(container: Located, path: string, scene: KubeScene): Record<string, unknown> {
  const resources = child(container, 'resources');
  const limits = amounts(child(resources, 'limits'), `${path}.resources.limits`, scene);
  const requests = { ...limits, ...amounts(child(resources, 'requests'), `${path}.resources.requests`, scene) };
  if (Object.keys(requests).length === 0) return {};
  return { resources: { requests, ...(Object.keys(limits).length === 0 ? {} : { limits }) } };
}

function amounts(node: Located | undefined, path: string, scene: KubeScene): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [field, read] of [
    ['cpu', cpuMillicores],
    ['memory', quantityBytes],
  ] as const) {
    const amount = child(node, field);
    const text = asText(amount, `${path}.${field}`, scene);
    if (text === undefined || amount === undefined) continue;
    if (read(text) === undefined)
      scene.complaints.add({
        code: 'bad-quantity',
        path: `${path}.${field}`,
        at: amount.at,
        reason: `${quote(text)} is no amount of ${field}`,
      });
    else {
      found[field] = text;
      scene.ledger.carry(amount);
    }
  }
  return found;
}

/** The security contexts of pod and container together; the container's wins. */
export function kubeSecurity(
  pod: Located | undefined,
  container: Located,
  path: string,
  scene: KubeScene,
): Record<string, unknown> {
  const contexts = [child(pod, 'securityContext'), child(container, 'securityContext')];
  const flag = (key: string): boolean | undefined => {
    let value: boolean | undefined;
    for (const context of contexts) {
      const own = asBoolean(child(context, key), `${path}.securityContext.${key}`, scene);
      if (own !== undefined) scene.ledger.carry(child(context, key));
      value = own ?? value;
    }
    return value;
  };
  const id = (key: string): number | undefined => {
    let value: number | undefined;
    for (const context of contexts) {
      const own = asInteger(child(context, key), `${path}.securityContext.${key}`, scene, {
        min: 0,
        max: 4_294_967_295,
      });
      if (own !== undefined) scene.ledger.carry(child(context, key));
      value = own ?? value;
    }
    return value;
  };
  const names = (key: string): string[] => {
    const node = child(child(contexts[1], 'capabilities'), key);
    const items = asList(node, `${path}.securityContext.capabilities.${key}`, scene).flatMap((item) =>
      item.kind === 'scalar' ? [capability(item.source)] : [],
    );
    scene.ledger.carry(node);
    return [...new Set(items)].sort();
  };
  const flags = ['readOnlyRootFilesystem', 'runAsNonRoot', 'privileged', 'allowPrivilegeEscalation'].flatMap((key) => {
    const value = flag(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const [add, drop, fsGroup, user, group] = [
    names('add'),
    names('drop'),
    id('fsGroup'),
    id('runAsUser'),
    id('runAsGroup'),
  ];
  const security = {
    ...Object.fromEntries(flags),
    ...(fsGroup === undefined ? {} : { fsGroup }),
    ...(add.length + drop.length === 0
      ? {}
      : { capabilities: { ...(add.length === 0 ? {} : { add }), ...(drop.length === 0 ? {} : { drop }) } }),
  };
  return {
    ...(user === undefined ? {} : { user: group === undefined ? `${user}` : `${user}:${group}` }),
    ...(Object.keys(security).length === 0 ? {} : { security }),
  };
}
