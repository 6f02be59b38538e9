import type { Located } from '../located.ts';
import { quote } from '../quote.ts';
import type { DraftSecret, DraftVariable } from './draft.ts';
import { filledInReason, fillsIn } from './filled-words.ts';
import { carryConfig, configData, type KubeScene, secretKeys } from './kube-scene.ts';
import { isVariableName } from './names.ts';
import { asList, asText, child, isNothing } from './nodes.ts';
import { type WrittenText, writtenTextOf } from './written-text.ts';

export type KubeEnv = {
  readonly env: readonly DraftVariable[];
  readonly secrets: readonly DraftSecret[];
  /** Every value by name, to fill in `$(NAME)` elsewhere; null where it is kept secret. */
  readonly values: ReadonlyMap<string, WrittenText | null>;
};
type About = { readonly service: string; readonly namespace: string; readonly path: string };

/** `envFrom` and `env` of a container: values, entries of ConfigMaps, and references to Secrets that are never read. */
export function kubeEnv(container: Located, about: About, scene: KubeScene): KubeEnv {
  const values = new Map<string, WrittenText | null>();
  const referred = new Map<string, DraftSecret>();
  const set = (name: string, value: WrittenText): void => {
    referred.delete(name);
    values.set(name, value);
  };
  const refer = (name: string, ref: string, at: number): void => {
    values.set(name, null);
    referred.set(name, { envKey: name, ref, at, reason: 'it is taken from a Secret' });
  };
  asList(child(container, 'envFrom'), `${about.path}.envFrom`, scene).forEach((item, index) => {
    const reason = readEnvFrom(item, { ...about, path: `${about.path}.envFrom.${index}` }, scene, { set, refer });
    mark(item, reason, scene);
  });
  asList(child(container, 'env'), `${about.path}.env`, scene).forEach((item, index) => {
    const reason = readVariable(item, { ...about, path: `${about.path}.env.${index}` }, scene, { set, refer, values });
    mark(item, reason, scene);
  });
  const plain = [...values].flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const sorted = scene.references.sort(about.service, plain);
  return { env: sorted.env, secrets: [...sorted.secrets, ...referred.values()], values };
}

function mark(item: Located, reason: string | undefined, { ledger }: KubeScene): void {
  if (reason === undefined) ledger.carry(item);
  else ledger.drop(item, reason);
}

type Into = {
  readonly set: (name: string, value: WrittenText) => void;
  readonly refer: (name: string, ref: string, at: number) => void;
};

/** Takes over what a whole ConfigMap or Secret gives; returns why it cannot. */
function readEnvFrom(
  item: Located,
  { namespace, path }: About,
  scene: KubeScene,
  { set, refer }: Into,
): string | undefined {
  const prefix = asText(child(item, 'prefix'), `${path}.prefix`, scene) ?? '';
  const config = asText(child(child(item, 'configMapRef'), 'name'), `${path}.configMapRef.name`, scene);
  const secret = asText(child(child(item, 'secretRef'), 'name'), `${path}.secretRef.name`, scene);
  if (config !== undefined) {
    const data = configData(scene, config, namespace);
    if (data === undefined) return `ConfigMap ${quote(config)} is not in the files`;
    for (const [key, value] of data)
      if (isVariableName(prefix + key) && !fillsIn(value.text)) set(prefix + key, { ...value });
    carryConfig(scene, config, namespace);
    return undefined;
  }
  if (secret === undefined) return 'it names neither a ConfigMap nor a Secret';
  const keys = secretKeys(scene, secret, namespace);
  if (keys === undefined)
    return `Secret ${quote(secret)} is not in the files, so its keys are not known; list them in env`;
  for (const key of keys) if (isVariableName(prefix + key)) refer(prefix + key, `${secret}/${key}`, item.at);
  return undefined;
}

/** Takes over one variable; returns why it cannot. */
function readVariable(
  item: Located,
  { namespace, path }: About,
  scene: KubeScene,
  into: Into & { readonly values: ReadonlyMap<string, WrittenText | null> },
): string | undefined {
  const name = asText(child(item, 'name'), `${path}.name`, scene);
  if (name === undefined) {
    scene.complaints.add({ code: 'missing-key', path, at: item.at, reason: 'the variable has no name' });
    return undefined;
  }
  if (!isVariableName(name)) return 'no variable of a Blueprint can have such a name';
  const from = child(item, 'valueFrom');
  if (from !== undefined && !isNothing(from)) return readSource(item, from, { name, namespace, path }, scene, into);
  const value = child(item, 'value');
  const written = writtenTextOf(value) ?? { text: '', at: item.at, variables: [] };
  if (value !== undefined && value.kind !== 'scalar') asText(value, `${path}.value`, scene);
  if (value?.kind === 'scalar' && value.value !== null && typeof value.value !== 'string')
    scene.complaints.add({
      severity: 'warning',
      code: 'unquoted-value',
      path: `${path}.value`,
      at: value.at,
      reason: "a variable's value is a text, and Kubernetes refuses others",
      next: 'quote it',
    });
  const expanded = expand(written, into.values);
  if (expanded === undefined) return 'it is made of a variable that is kept secret';
  if (fillsIn(expanded.text)) return filledInReason;
  into.set(name, expanded);
  return undefined;
}

function readSource(
  item: Located,
  from: Located,
  { name, namespace, path }: { name: string; namespace: string; path: string },
  scene: KubeScene,
  { set, refer }: Into,
): string | undefined {
  const at = `${path}.valueFrom`;
  const secret = child(from, 'secretKeyRef');
  const config = child(from, 'configMapKeyRef');
  const source = secret ?? config;
  if (source === undefined) return 'its value is known only where it runs';
  const object = asText(child(source, 'name'), `${at}.name`, scene);
  const key = asText(child(source, 'key'), `${at}.key`, scene);
  if (object === undefined || key === undefined) {
    scene.complaints.add({
      code: 'missing-key',
      path: at,
      at: source.at,
      reason: 'a reference needs "name" and "key"',
    });
    return undefined;
  }
  if (secret !== undefined) {
    refer(name, `${object}/${key}`, item.at);
    return undefined;
  }
  const value = configData(scene, object, namespace)?.get(key);
  if (value === undefined) return `ConfigMap ${quote(object)} with key ${quote(key)} is not in the files`;
  if (fillsIn(value.text)) return filledInReason;
  set(name, { ...value });
  carryConfig(scene, object, namespace, key);
  return undefined;
}

/** `$(NAME)` of variables before; `$$(NAME)` stays `$(NAME)`. Undefined where a secret would be needed. */
export function expand(written: WrittenText, values: ReadonlyMap<string, WrittenText | null>): WrittenText | undefined {
  if (!written.text.includes('$(')) return written;
  let secret = false;
  const used = new Set(written.variables);
  const text = written.text.replace(
    /(\$?)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g,
    (whole, escaped: string, name: string) => {
      if (escaped !== '') return whole.slice(1);
      const value = values.get(name);
      if (value === undefined) return whole;
      if (value === null) secret = true;
      used.add(name);
      return value?.text ?? '';
    },
  );
  return secret ? undefined : { ...written, text, variables: [...used] };
}
