import type { Located } from '../located.ts';
import type { DraftPort } from './draft.ts';
import { fillsIn } from './filled-words.ts';
import type { KubeScene } from './kube-scene.ts';
import { asInteger, asList, asText, child, isNothing } from './nodes.ts';
import { portName } from './ports.ts';

/** The three probes of a container as a Blueprint's, and what they tell of the ports they look at. */
export function kubeProbes(
  container: Located,
  path: string,
  ports: readonly DraftPort[],
  scene: KubeScene,
): Record<string, unknown> {
  const probes: Record<string, unknown> = {};
  for (const name of ['startup', 'readiness', 'liveness'] as const) {
    const node = child(container, `${name}Probe`);
    if (node === undefined || isNothing(node)) continue;
    const probe = probeOf(node, `${path}.${name}Probe`, name, ports, scene);
    if (probe !== undefined) probes[name] = probe;
  }
  return Object.keys(probes).length === 0 ? {} : { probes };
}

function probeOf(
  node: Located,
  path: string,
  name: string,
  ports: readonly DraftPort[],
  scene: KubeScene,
): Record<string, unknown> | undefined {
  const check = checkOf(node, path, name, ports, scene);
  if (check === undefined) return undefined;
  const whole = (key: string, min: number): number | undefined => {
    const found = asInteger(child(node, key), `${path}.${key}`, scene, { min, max: 1_000_000 });
    if (found !== undefined) scene.ledger.carry(child(node, key));
    return found;
  };
  const seconds = (ours: string, key: string, min: number): Record<string, string> => {
    const found = whole(key, min);
    return found === undefined ? {} : { [ours]: `${found}s` };
  };
  const [failures, successes] = [whole('failureThreshold', 1), whole('successThreshold', 1)];
  return {
    ...check,
    ...seconds('initialDelay', 'initialDelaySeconds', 0),
    ...seconds('period', 'periodSeconds', 1),
    ...seconds('timeout', 'timeoutSeconds', 1),
    ...(failures === undefined ? {} : { failures: Math.min(failures, 1000) }),
    ...(successes === undefined ? {} : { successes: Math.min(successes, 1000) }),
  };
}

function checkOf(
  node: Located,
  path: string,
  name: string,
  ports: readonly DraftPort[],
  scene: KubeScene,
): Record<string, unknown> | undefined {
  const [http, tcp, grpc, exec] = ['httpGet', 'tcpSocket', 'grpc', 'exec'].map((kind) => child(node, kind));
  if (exec !== undefined) {
    const command = asList(child(exec, 'command'), `${path}.exec.command`, scene).map(
      (item) => asText(item, `${path}.exec.command`, scene) ?? '',
    );
    if (command.length === 0 || command.some(fillsIn)) return undefined;
    scene.ledger.carry(exec);
    return { exec: { command } };
  }
  const looked = http ?? tcp ?? grpc;
  const portNode = child(looked, 'port');
  const written = asText(portNode, `${path}.port`, scene);
  if (looked === undefined || written === undefined) {
    scene.complaints.add({
      code: 'bad-probe',
      path,
      at: node.at,
      reason: 'the probe looks at nothing',
      next: 'write httpGet, tcpSocket, grpc with a port, or exec',
    });
    return undefined;
  }
  const number = /^\d+$/.test(written) ? Number(written) : undefined;
  const declared = ports.find((one) =>
    number === undefined ? one.name === portName(written) : one.containerPort === number,
  );
  if (number === undefined && declared === undefined) {
    scene.complaints.add({
      code: 'unknown-port',
      path: `${path}.port`,
      at: portNode?.at ?? node.at,
      reason: 'the probe names a port that the container does not declare',
    });
    return undefined;
  }
  const port = declared?.containerPort ?? number;
  const because = `its ${name} probe asks it by`;
  if (http !== undefined) {
    if (asText(child(http, 'scheme'), `${path}.httpGet.scheme`, scene) === 'HTTPS') {
      scene.ledger.drop(node, 'a probe of a Blueprint speaks no https');
      return undefined;
    }
    declared?.hints.push({ protocol: 'http', because: `${because} http` });
    const headers = asList(child(http, 'httpHeaders'), `${path}.httpGet.httpHeaders`, scene).map(
      (item) =>
        [asText(child(item, 'name'), path, scene) ?? '', asText(child(item, 'value'), path, scene) ?? ''] as const,
    );
    const route = asText(child(http, 'path'), `${path}.httpGet.path`, scene);
    scene.ledger.carry(child(http, 'path'), portNode, child(http, 'httpHeaders'), child(http, 'scheme'));
    return {
      http: {
        port,
        ...(route === undefined ? {} : { path: route }),
        ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
      },
    };
  }
  scene.ledger.carry(looked);
  if (grpc === undefined) return { tcp: { port } };
  declared?.hints.push({ protocol: 'grpc', because: `${because} grpc` });
  const service = asText(child(grpc, 'service'), `${path}.grpc.service`, scene);
  return { grpc: { port, ...(service === undefined || service === '' ? {} : { service }) } };
}
