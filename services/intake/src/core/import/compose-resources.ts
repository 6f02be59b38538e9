import type { Located } from '../located.ts';
import { quote } from '../quote.ts';
import type { ComposeScene } from './compose-scene.ts';
import { asInteger, asMap, asText, child } from './nodes.ts';
import { dockerBytes, millicores, quantityOf } from './quantities-of-compose.ts';

type Get = (key: string) => Located | undefined;

/** `deploy.resources`, the older `mem_limit`, `cpus` and `mem_reservation`, and the number of replicas. */
export function composeResources(get: Get, path: string, scene: ComposeScene): Record<string, unknown> {
  const deploy = asMap(get('deploy'), `${path}.deploy`, scene);
  const resources = asMap(child(deploy, 'resources'), `${path}.deploy.resources`, scene);
  const at = `${path}.deploy.resources`;
  const limits = {
    ...cpu(child(child(resources, 'limits'), 'cpus') ?? get('cpus'), `${at}.limits.cpus`, scene),
    ...memory(child(child(resources, 'limits'), 'memory') ?? get('mem_limit'), `${at}.limits.memory`, scene),
  };
  const stated = {
    ...cpu(child(child(resources, 'reservations'), 'cpus'), `${at}.reservations.cpus`, scene),
    ...memory(
      child(child(resources, 'reservations'), 'memory') ?? get('mem_reservation'),
      `${at}.reservations.memory`,
      scene,
    ),
  };
  // As Kubernetes has it: who states only a limit asks for as much.
  const requests = { ...limits, ...stated };
  const restart = child(child(deploy, 'restart_policy'), 'condition');
  if (restart?.kind === 'scalar' && restart.source === 'any') scene.ledger.carry(restart);
  return {
    ...(Object.keys(requests).length === 0
      ? {}
      : { resources: { requests, ...(Object.keys(limits).length === 0 ? {} : { limits }) } }),
    ...replicasOf(child(deploy, 'replicas') ?? get('scale'), `${path}.deploy.replicas`, scene),
  };
}

function cpu(node: Located | undefined, path: string, scene: ComposeScene): Record<string, string> {
  return quantity('cpu', node, path, scene, millicores, 'a number of processors such as "0.5"');
}

function memory(node: Located | undefined, path: string, scene: ComposeScene): Record<string, string> {
  const read = (text: string): string | undefined => {
    const bytes = dockerBytes(text);
    return bytes === undefined ? undefined : quantityOf(bytes);
  };
  return quantity('memory', node, path, scene, read, 'an amount of memory such as 300M');
}

function quantity(
  field: string,
  node: Located | undefined,
  path: string,
  scene: ComposeScene,
  read: (text: string) => string | undefined,
  wanted: string,
): Record<string, string> {
  const text = asText(node, path, scene);
  if (text === undefined || node === undefined) return {};
  const value = read(text);
  if (value === undefined) {
    scene.complaints.add({ code: 'bad-quantity', path, at: node.at, reason: `${quote(text)} is not ${wanted}` });
    return {};
  }
  scene.ledger.carry(node);
  return { [field]: value };
}

/** `deploy.replicas`, or `scale`. */
function replicasOf(node: Located | undefined, path: string, scene: ComposeScene): Record<string, unknown> {
  const replicas = asInteger(node, path, scene, { min: 0, max: 100 });
  if (replicas === undefined) return {};
  scene.ledger.carry(node);
  return replicas === 1 ? {} : { replicas };
}
