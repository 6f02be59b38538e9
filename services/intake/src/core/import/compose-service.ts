// Owns: one merged Compose service → a draft. Everything that is carried is marked in the ledger; the rest is listed by it.
import type { Located, LocatedMap } from '../located.ts';
import { quote } from '../quote.ts';
import { composeHealth } from './compose-health.ts';
import { warnOfUnknownKeys } from './compose-keys.ts';
import { composePorts } from './compose-ports.ts';
import { composeResources } from './compose-resources.ts';
import type { ComposeScene } from './compose-scene.ts';
import { composeVolumes } from './compose-volumes.ts';
import type { Draft, DraftDependency, DraftPort } from './draft.ts';
import { filledInReason, fillsIn } from './filled-words.ts';
import type { Ledger } from './ledger.ts';
import { isVariableName } from './names.ts';
import { asBoolean, asList, asMap, asText, child, isNothing } from './nodes.ts';
import { addPort, otherTransport } from './ports.ts';
import { secretBecause, secretWords } from './secret-names.ts';
import { composeSecurity } from './security.ts';
import { shellWords } from './shell-words.ts';
import { type WrittenText, writtenTextOf } from './written-text.ts';

export function composeService(written: string, name: string, service: LocatedMap, scene: ComposeScene): Draft {
  const path = `services.${written}`;
  const get = (key: string): Located | undefined => service.entries.get(key)?.node;
  const { ledger } = scene;
  warnOfUnknownKeys(service, path, scene.complaints);
  dropEmpty(service, ledger);
  const ports = portsOf(get, path, scene);
  const health = composeHealth(get('healthcheck'), `${path}.healthcheck`, scene);
  for (const { port, hint } of health.hints) ports.list.find((one) => one.containerPort === port)?.hints.push(hint);
  const volumes = composeVolumes(service, path, scene);
  const { env, secrets } = scene.references.sort(name, variablesOf(get, path, scene));
  return {
    name,
    writtenAs: written,
    kind: 'service',
    at: service.at,
    hosts: hostsOf(written, get, path, scene),
    ports: ports.list,
    env,
    secrets,
    command: wordsOf(get('entrypoint'), `${path}.entrypoint`, scene),
    args: wordsOf(get('command'), `${path}.command`, scene),
    mentions: [],
    declared: [
      ...dependsOn(get('depends_on'), `${path}.depends_on`, scene),
      ...links(get('links'), `${path}.links`, scene),
    ],
    fields: {
      image: imageOf(written, get, path, scene),
      ...textField('workingDir', get('working_dir'), `${path}.working_dir`, scene),
      ...textField('user', get('user'), `${path}.user`, scene),
      ...composeSecurity(get, path, scene),
      ...composeResources(get, path, scene),
      ...health.fields,
      ...volumes,
      ...(ports.published ? { expose: true } : {}),
      ...labelsOf(get('labels'), `${path}.labels`, scene),
      ...restartOf(get('restart'), `${path}.restart`, scene),
    },
  };
}

type Get = (key: string) => Located | undefined;

/** A key without a value says nothing. */
function dropEmpty(service: LocatedMap, ledger: Ledger): void {
  for (const { node } of service.entries.values()) if (isNothing(node)) ledger.carry(node);
}

function imageOf(written: string, get: Get, path: string, scene: ComposeScene): string {
  const [image, build] = [get('image'), get('build')];
  const text = asText(image, `${path}.image`, scene);
  if (text !== undefined && text !== '') {
    scene.ledger.carry(image);
    scene.ledger.drop(build, 'how the image is built is no part of an environment; the image that is named runs');
    const policy = get('pull_policy');
    if (policy?.kind === 'scalar' && /^(missing|if_not_present)$/.test(policy.source)) scene.ledger.carry(policy);
    return text;
  }
  if (image !== undefined && text === '')
    scene.complaints.add({
      code: 'empty-image',
      path: `${path}.image`,
      at: image.at,
      reason: 'the image is empty once its variables are filled in',
      next: 'give their values with --env-file',
    });
  else if (build === undefined)
    scene.complaints.add({
      code: 'no-image',
      path,
      at: scene.application.services.get(written)?.at ?? 0,
      reason: `service ${quote(written)} has neither image nor build`,
      next: 'write image: …',
    });
  const built = `${scene.project}-${written}`.toLowerCase();
  scene.ledger.drop(
    build,
    `how the image is built is no part of an environment; ${quote(built)} is what Compose calls it, build and push it under that name`,
  );
  return built;
}

function portsOf(
  get: Get,
  path: string,
  scene: ComposeScene,
): { readonly list: DraftPort[]; readonly published: boolean } {
  const list: DraftPort[] = [];
  let published = false;
  asList(get('ports'), `${path}.ports`, scene).forEach((item, index) => {
    const found = composePorts(item, `${path}.ports.${index}`, scene);
    for (const one of found) {
      if (!addPort(list, one.port)) scene.ledger.drop(item, otherTransport);
      published ||= one.published;
    }
    if (item.kind === 'map') {
      scene.ledger.carry(
        child(item, 'target'),
        child(item, 'protocol'),
        child(item, 'name'),
        child(item, 'app_protocol'),
        child(item, 'published'),
      );
      const mode = child(item, 'mode');
      if (mode?.kind === 'scalar' && mode.source === 'ingress') scene.ledger.carry(mode);
    } else scene.ledger.carry(item);
  });
  asList(get('expose'), `${path}.expose`, scene).forEach((item, index) => {
    for (const { port } of composePorts(item, `${path}.expose.${index}`, scene))
      if (!addPort(list, port)) scene.ledger.drop(item, otherTransport);
    scene.ledger.carry(item);
  });
  return { list, published };
}

/** Variables of env files first, what the service says itself over them. */
function variablesOf(get: Get, path: string, scene: ComposeScene): Map<string, WrittenText> {
  const { application, ledger, loader } = scene;
  const variables = new Map<string, WrittenText>();
  asList(get('env_file'), `${path}.env_file`, scene).forEach((item, index) => {
    const at = `${path}.env_file.${index}`;
    const file = asText(item.kind === 'map' ? child(item, 'path') : item, at, scene);
    const required = asBoolean(child(item, 'required'), `${at}.required`, scene) ?? true;
    if (file === undefined) return;
    for (const [name, value] of loader.envFileOf(file, application.variables, { at: item.at, path: at, required }) ??
      [])
      variables.set(name, value);
    ledger.carry(item);
  });
  const environment = asMap(get('environment'), `${path}.environment`, scene);
  if (environment === undefined) return variables;
  for (const [name, { node, keyAt }] of environment.entries) {
    const at = `${path}.environment.${name}`;
    if (!isVariableName(name)) {
      ledger.drop(node, 'no variable of a Blueprint can have such a name');
      continue;
    }
    if (isNothing(node)) {
      const value = application.variables.get(name);
      variables.delete(name);
      if (value === undefined) ledger.drop(node, 'its value is that of the shell, and no env file gives it');
      else {
        variables.set(name, { ...value, at: keyAt, variables: [name, ...value.variables] });
        ledger.carry(node);
      }
      continue;
    }
    const value = writtenTextOf(node);
    if (value === undefined) asText(node, at, scene);
    else if (fillsIn(value.text)) ledger.drop(node, filledInReason);
    else {
      variables.set(name, value);
      ledger.carry(node);
    }
  }
  return variables;
}

/** A list as it is, a text split as a shell would. */
function wordsOf(node: Located | undefined, path: string, scene: ComposeScene): readonly WrittenText[] | undefined {
  if (node === undefined || isNothing(node)) return undefined;
  if (node.kind === 'scalar') {
    const whole = writtenTextOf(node);
    const words = whole === undefined ? undefined : shellWords(whole.text);
    if (whole === undefined || words === undefined) {
      scene.complaints.add({
        code: 'bad-command',
        path,
        at: node.at,
        reason: 'a quote or a backslash is not closed',
        next: 'write the command as a list',
      });
      return undefined;
    }
    return kept(
      node,
      words.map((text) => ({ ...whole, text })),
      scene,
    );
  }
  const words = asList(node, path, scene).flatMap((item, index) => {
    const text = asText(item, `${path}.${index}`, scene);
    const written = writtenTextOf(item);
    return text === undefined || written === undefined ? [] : [written];
  });
  return kept(node, words, scene);
}

function kept(
  node: Located,
  words: readonly WrittenText[],
  { ledger }: ComposeScene,
): readonly WrittenText[] | undefined {
  if (words.some(({ text }) => fillsIn(text))) {
    ledger.drop(node, filledInReason);
    return undefined;
  }
  const secret = secretWords(words);
  if (secret !== undefined) {
    ledger.drop(node, secret);
    return undefined;
  }
  ledger.carry(node);
  return words.length === 0 ? undefined : words;
}

function hostsOf(written: string, get: Get, path: string, scene: ComposeScene): { readonly host: string }[] {
  const hosts = new Set([written.toLowerCase()]);
  for (const key of ['container_name', 'hostname']) {
    const node = get(key);
    const name = asText(node, `${path}.${key}`, scene);
    if (name === undefined || node === undefined) continue;
    if (key === 'container_name') hosts.add(name.toLowerCase());
    if (name === written) scene.ledger.carry(node);
    else scene.ledger.drop(node, `the service is reached as ${quote(written)}`);
  }
  const networks = asMap(get('networks'), `${path}.networks`, scene);
  for (const [name, { node }] of networks?.entries ?? [])
    for (const alias of asList(child(node, 'aliases'), `${path}.networks.${name}.aliases`, scene)) {
      if (alias.kind !== 'scalar') continue;
      hosts.add(alias.source.toLowerCase());
      scene.ledger.carry(alias);
    }
  scene.ledger.dropRest(
    networks,
    'services of one environment reach each other by their dependencies, whatever their networks',
  );
  return [...hosts].map((host) => ({ host }));
}

function dependsOn(node: Located | undefined, path: string, scene: ComposeScene): DraftDependency[] {
  return [...(asMap(node, path, scene)?.entries ?? [])].map(([target, { node: how, keyAt }]) => {
    const at = `${path}.${target}`;
    const condition = child(how, 'condition');
    const word = asText(condition, `${at}.condition`, scene);
    const required = asBoolean(child(how, 'required'), `${at}.required`, scene) ?? true;
    const restart = asBoolean(child(how, 'restart'), `${at}.restart`, scene) ?? false;
    if (word !== undefined && !conditions.has(word))
      scene.complaints.add({
        code: 'bad-value',
        path: `${at}.condition`,
        at: condition?.at ?? how.at,
        reason: `${quote(word)} is no condition`,
        next: 'service_started, service_healthy or service_completed_successfully',
      });
    scene.ledger.carry(condition, child(how, 'required'));
    if (word === 'service_completed_successfully')
      scene.ledger.drop(condition, 'a dependency is waited for until it is ready, not until it has ended');
    if (restart) scene.ledger.drop(child(how, 'restart'), 'a service is not started again because its dependency is');
    else scene.ledger.carry(child(how, 'restart'));
    if (!scene.application.services.has(target) && required)
      scene.complaints.add({
        severity: 'warning',
        code: 'depends-on-nothing',
        path: at,
        at: keyAt,
        reason: `service ${quote(target)} is not declared, or its profile is not asked for`,
        next: 'give the file that declares it, or its --profile',
      });
    return { target, at: keyAt, required, kind: 'depends_on' };
  });
}

const conditions: ReadonlySet<string> = new Set([
  'service_started',
  'service_healthy',
  'service_completed_successfully',
]);

function links(node: Located | undefined, path: string, scene: ComposeScene): DraftDependency[] {
  return asList(node, path, scene).flatMap((item, index): DraftDependency[] => {
    const text = asText(item, `${path}.${index}`, scene);
    if (text === undefined) return [];
    scene.ledger.carry(item);
    return [{ target: text.split(':')[0] ?? text, at: item.at, required: true, kind: 'links' }];
  });
}

function textField(
  field: string,
  node: Located | undefined,
  path: string,
  scene: ComposeScene,
): Record<string, unknown> {
  const text = asText(node, path, scene);
  if (text === undefined || text === '') return {};
  scene.ledger.carry(node);
  return { [field]: text };
}

function labelsOf(node: Located | undefined, path: string, scene: ComposeScene): Record<string, unknown> {
  const labels: [string, string][] = [];
  for (const [key, { node: value }] of asMap(node, path, scene)?.entries ?? []) {
    const text = asText(value, `${path}.${key}`, scene) ?? '';
    const secret = secretBecause(key, text, writtenTextOf(value)?.variables ?? []);
    if (secret !== undefined) scene.ledger.drop(value, `${secret}, and labels are there for all to read`);
    else {
      scene.ledger.carry(value);
      labels.push([key, text]);
    }
  }
  return labels.length === 0 ? {} : { labels: Object.fromEntries(labels) };
}

/** What is kept running is what every environment does; a program that may end is none that is watched. */
function restartOf(node: Located | undefined, path: string, scene: ComposeScene): Record<string, never> {
  const policy = asText(node, path, scene);
  if (policy === undefined) return {};
  if (/^(always|unless-stopped)$/.test(policy)) scene.ledger.carry(node);
  else if (/^(no|false|on-failure(:\d+)?)$/.test(policy))
    scene.ledger.drop(node, 'a service that ends is started again');
  else
    scene.complaints.add({
      code: 'bad-value',
      path,
      at: node?.at ?? 0,
      reason: `${quote(policy)} is no restart policy`,
      next: '"no", always, on-failure or unless-stopped',
    });
  return {};
}
