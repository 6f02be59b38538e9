// Owns: one Deployment or StatefulSet with the Services, ConfigMaps and claims it uses → a draft.
import { completeImage } from '../image-reference.ts';
import type { Located } from '../located.ts';
import { quote } from '../quote.ts';
import type { Draft, DraftMention, DraftPort } from './draft.ts';
import { filledInReason, fillsIn } from './filled-words.ts';
import { expand, type KubeEnv, kubeEnv } from './kube-env.ts';
import type { KubeObject } from './kube-objects.ts';
import { kubeProbes } from './kube-probes.ts';
import { kubeResources, kubeSecurity } from './kube-resources.ts';
import type { KubeScene } from './kube-scene.ts';
import { reachedBy } from './kube-services.ts';
import { claimTemplates, kubeVolumes } from './kube-volumes.ts';
import { ourName } from './names.ts';
import { asInteger, asList, asMap, asText, child } from './nodes.ts';
import { addPort, otherTransport, portName } from './ports.ts';
import { hintOfName } from './protocol-hints.ts';
import { secretWords } from './secret-names.ts';
import { type WrittenText, writtenTextOf } from './written-text.ts';

export function kubeWorkload(workload: KubeObject, name: string, scene: KubeScene): Draft | undefined {
  const { kind, node, namespace } = workload;
  const path = `${kind}/${workload.name}`;
  const spec = child(node, 'spec');
  const template = child(spec, 'template');
  const pod = asMap(child(template, 'spec'), `${path}.spec.template.spec`, scene);
  const at = `${path}.spec.template.spec.containers.0`;
  const containers = asList(child(pod, 'containers'), `${path}.spec.template.spec.containers`, scene);
  const container = containers[0];
  if (container?.kind !== 'map') {
    scene.complaints.add({
      code: 'no-container',
      path: `${path}.spec.template.spec.containers`,
      at: pod?.at ?? node.at,
      reason: `${quote(workload.name)} has no container`,
      next: 'write containers: [{ name, image }]',
    });
    return undefined;
  }
  for (const other of containers.slice(1))
    scene.ledger.drop(other, 'a service has one container; this one beside it is not carried');
  const ports = containerPorts(container, at, scene);
  const { hosts, exposed } = reachedBy(workload, ports, scene);
  const env = kubeEnv(container, { service: name, namespace, path: at }, scene);
  const init = initSteps(pod, env, { namespace, path: `${path}.spec.template.spec`, service: name }, scene);
  carryFrame(workload, { spec, template, pod, container }, scene);
  return {
    name,
    writtenAs: workload.name,
    kind,
    at: node.at,
    hosts,
    ports,
    env: env.env,
    secrets: env.secrets,
    command: wordsOf(child(container, 'command'), `${at}.command`, env, scene),
    args: wordsOf(child(container, 'args'), `${at}.args`, env, scene),
    mentions: init.mentions,
    declared: [],
    fields: {
      image: imageOf(container, at, workload.name, scene),
      ...workingDir(container, at, scene),
      ...kubeSecurity(pod, container, at, scene),
      ...kubeResources(container, at, scene),
      ...replicas(spec, path, scene),
      ...kubeProbes(container, at, ports, scene),
      ...kubeVolumes({ pod, container, claims: claimTemplates(spec, path, scene) }, { namespace, path: at }, scene),
      ...(init.steps.length === 0 ? {} : { init: init.steps }),
      ...(kind === 'StatefulSet' ? { stateful: true } : {}),
      ...(exposed ? { expose: true } : {}),
      ...labels(node, path, scene),
    },
  };
}

type Frame = Readonly<Record<'spec' | 'template' | 'pod' | 'container', Located | undefined>>;

/** What holds a workload together and is said by the shape of a Blueprint. */
function carryFrame({ node }: KubeObject, { spec, template, pod, container }: Frame, { ledger }: KubeScene): void {
  ledger.carry(child(child(template, 'metadata'), 'labels'), child(spec, 'selector'), child(spec, 'serviceName'));
  ledger.carry(child(container, 'name'));
  const policy = child(pod, 'restartPolicy');
  if (policy?.kind === 'scalar' && policy.source === 'Always') ledger.carry(policy);
  const pull = child(container, 'imagePullPolicy');
  if (pull?.kind === 'scalar' && pull.source === 'IfNotPresent') ledger.carry(pull);
  // What a cluster writes about an object is no part of it.
  ledger.carry(child(node, 'status'));
}

function imageOf(container: Located, path: string, workload: string, scene: KubeScene): string | undefined {
  const node = child(container, 'image');
  const image = asText(node, `${path}.image`, scene);
  if (image === undefined || image === '') {
    scene.complaints.add({
      code: 'no-image',
      path,
      at: container.at,
      reason: `the container of ${quote(workload)} has no image`,
      next: 'write image: …',
    });
    return undefined;
  }
  if (completeImage(image) === undefined)
    scene.complaints.add({
      code: 'bad-image',
      path: `${path}.image`,
      at: node?.at ?? container.at,
      reason: `${quote(image)} is no image`,
      next: 'write such as acme/api:1.4',
    });
  scene.ledger.carry(node);
  return image;
}

function containerPorts(container: Located, path: string, scene: KubeScene): DraftPort[] {
  const ports: DraftPort[] = [];
  asList(child(container, 'ports'), `${path}.ports`, scene).forEach((item, index) => {
    const at = `${path}.ports.${index}`;
    const containerPort = asInteger(child(item, 'containerPort'), `${at}.containerPort`, scene, {
      min: 1,
      max: 65_535,
    });
    if (containerPort === undefined) {
      if (child(item, 'containerPort') === undefined)
        scene.complaints.add({ code: 'missing-key', path: at, at: item.at, reason: '"containerPort" is missing' });
      return;
    }
    const name = asText(child(item, 'name'), `${at}.name`, scene);
    const transport = asText(child(item, 'protocol'), `${at}.protocol`, scene);
    const hints = [
      ...(transport === 'UDP' ? [{ protocol: 'udp', because: 'the port says UDP' } as const] : []),
      ...(name === undefined ? [] : hintOfName(name, `the port's name ${name}`)),
    ];
    const port = { containerPort, name: portName(name), at: item.at, hints, inferred: false };
    if (!addPort(ports, port)) scene.ledger.drop(item, otherTransport);
    scene.ledger.carry(child(item, 'containerPort'), child(item, 'name'), child(item, 'protocol'));
  });
  return ports;
}

function wordsOf(
  node: Located | undefined,
  path: string,
  env: KubeEnv,
  scene: KubeScene,
): readonly WrittenText[] | undefined {
  const words = asList(node, path, scene).flatMap((item, index) => {
    asText(item, `${path}.${index}`, scene);
    const written = writtenTextOf(item);
    return written === undefined ? [] : [expand(written, env.values)];
  });
  if (words.length === 0) return undefined;
  if (words.some((word) => word === undefined)) {
    scene.ledger.drop(node, 'it is made of a variable that is kept secret');
    return undefined;
  }
  const known = words.flatMap((word) => (word === undefined ? [] : [word]));
  if (known.some(({ text }) => fillsIn(text))) {
    scene.ledger.drop(node, filledInReason);
    return undefined;
  }
  const secret = secretWords(known);
  if (secret !== undefined) {
    scene.ledger.drop(node, secret);
    return undefined;
  }
  scene.ledger.carry(node);
  return known;
}

type Init = { readonly steps: readonly Record<string, unknown>[]; readonly mentions: readonly DraftMention[] };

/**
 * Steps before the start. A step runs with the variables of its service, so one that needs others is not carried: it
 * would do something else. Addresses in its variables are evidence all the same.
 */
function initSteps(pod: Located | undefined, main: KubeEnv, about: InitAbout, scene: KubeScene): Init {
  const steps: Record<string, unknown>[] = [];
  const mentions: DraftMention[] = [];
  for (const [index, item] of asList(child(pod, 'initContainers'), `${about.path}.initContainers`, scene).entries()) {
    const path = `${about.path}.initContainers.${index}`;
    const own = kubeEnv(item, { ...about, path }, scene);
    for (const { name, value } of own.env) mentions.push({ kind: 'init', where: name, value });
    const written = asText(child(item, 'name'), `${path}.name`, scene) ?? `init-${index + 1}`;
    const command = ['command', 'args'].flatMap((key) => wordsOf(child(item, key), `${path}.${key}`, own, scene) ?? []);
    for (const value of command) mentions.push({ kind: 'init', where: written, value });
    const reason = whyNoStep(item, own, main);
    if (reason !== undefined) {
      scene.ledger.drop(item, reason);
      continue;
    }
    const image = asText(child(item, 'image'), `${path}.image`, scene);
    scene.ledger.carry(child(item, 'name'), child(item, 'image'));
    steps.push({
      name: ourName(written) ?? `init-${index + 1}`,
      type: 'command',
      ...(image === undefined ? {} : { image }),
      command: command.map(({ text }) => text),
    });
  }
  return { steps, mentions };
}

type InitAbout = { readonly namespace: string; readonly path: string; readonly service: string };

function whyNoStep(item: Located, own: KubeEnv, main: KubeEnv): string | undefined {
  const differs = [...own.values].some(([name, value]) => value === null || value.text !== main.values.get(name)?.text);
  if (differs) return 'a step runs with the variables of its service, and this one has others';
  const command = child(item, 'command');
  if (command?.kind === 'list' && command.items.length > 0) return undefined;
  return 'a step needs a command, and that of its image is not known here';
}

function workingDir(container: Located, path: string, scene: KubeScene): Record<string, unknown> {
  const node = child(container, 'workingDir');
  const text = asText(node, `${path}.workingDir`, scene);
  if (text === undefined || text === '') return {};
  scene.ledger.carry(node);
  return { workingDir: text };
}

function replicas(spec: Located | undefined, path: string, scene: KubeScene): Record<string, unknown> {
  const node = child(spec, 'replicas');
  const count = asInteger(node, `${path}.spec.replicas`, scene, { min: 0, max: 100 });
  if (count !== undefined) scene.ledger.carry(node);
  return count === undefined || count === 1 ? {} : { replicas: count };
}

function labels(node: Located, path: string, scene: KubeScene): Record<string, unknown> {
  const own = asMap(child(child(node, 'metadata'), 'labels'), `${path}.metadata.labels`, scene);
  if (own === undefined || own.entries.size === 0) return {};
  scene.ledger.carry(own);
  return {
    labels: Object.fromEntries(
      [...own.entries].map(([key, entry]) => [key, asText(entry.node, `${path}.metadata.labels.${key}`, scene) ?? '']),
    ),
  };
}
