import { canonicalJson } from '@microstax/model/canonical-json';
import { compareText, sortedBy } from '@microstax/model/compare';
import type { ChangeClass, FieldChange } from '@microstax/model/difference';
import { probeNames } from '@microstax/model/probe-spec';
import type { DependencySpec, PortSpec, SecretSpec, ServiceSpec } from '@microstax/model/service-spec';

/** Longer values are shown around their first difference. */
export const shownValueLengthMax = 80;

/**
 * What differs between two specs of one service, sorted by pointer: environment values per key (`/env/FEE_PERCENT`),
 * ports and secrets per name, dependencies per service. Empty exactly when both mean the same.
 */
export function specChanges(before: ServiceSpec, after: ServiceSpec): FieldChange[] {
  const old = fieldsOf(before);
  const now = fieldsOf(after);
  const pointers = [...new Set([...old.keys(), ...now.keys()])].sort(compareText);
  return pointers.flatMap((pointer) => {
    const [was, is] = [old.get(pointer) ?? null, now.get(pointer) ?? null];
    if (was === is) return [];
    const from = was !== null && is !== null ? excerptStart(was, is) : 0;
    return [{ pointer, class: classOf(pointer), before: excerpt(was, from), after: excerpt(is, from) }];
  });
}

/** Whether such a change makes another provider of the service: it moves ownership and keeps the service local. */
export function movesOwnership(changes: readonly FieldChange[]): boolean {
  return changes.some((change) => ownershipClasses.has(change.class));
}

const ownershipClasses: ReadonlySet<ChangeClass> = new Set(['behaviour', 'contract', 'data']);

/** Complete by type: a new field of a spec does not compile until it has a class. */
const classes: Readonly<Record<keyof ServiceSpec, ChangeClass>> = {
  name: 'behaviour',
  run: 'behaviour',
  image: 'behaviour',
  command: 'behaviour',
  workingDir: 'behaviour',
  user: 'behaviour',
  security: 'behaviour',
  probes: 'behaviour',
  mocks: 'behaviour',
  args: 'behaviour',
  env: 'behaviour',
  secrets: 'behaviour',
  dependsOn: 'behaviour',
  ports: 'contract',
  contract: 'contract',
  stateful: 'data',
  volumes: 'data',
  init: 'data',
  resources: 'capacity',
  replicas: 'capacity',
  sharing: 'policy',
  expose: 'policy',
  description: 'metadata',
  labels: 'metadata',
};

function classOf(pointer: string): ChangeClass {
  return classes[pointer.split('/', 2)[1] as keyof ServiceSpec];
}

/** A spec as pointers and their values in words; equal words, equal meaning. */
function fieldsOf(spec: ServiceSpec): Map<string, string> {
  const { run, resources } = spec;
  const fields = new Map<string, string>();
  const put = (path: readonly string[], value: string): void => {
    fields.set(`/${path.map(escaped).join('/')}`, value);
  };
  put(['name'], spec.name);
  if (run !== undefined) {
    put(['run', 'command'], JSON.stringify(run.command));
    put(['run', 'cwd'], run.cwd);
  }
  for (const field of ['image', 'workingDir', 'user'] as const) {
    const value = spec[field];
    if (value !== undefined) put([field], value);
  }
  if (spec.command !== undefined) put(['command'], JSON.stringify(spec.command));
  put(['args'], JSON.stringify(spec.args));
  for (const [key, value] of Object.entries(spec.env)) put(['env', key], value);
  for (const [key, value] of Object.entries(spec.labels)) put(['labels', key], value);
  for (const [name, value] of grouped(spec.ports, (port) => port.name, shownPort)) put(['ports', name], value);
  for (const [key, value] of grouped(spec.secrets, (secret) => secret.envKey, shownSecret))
    put(['secrets', key], value);
  for (const [name, value] of grouped(spec.dependsOn, (edge) => edge.service, shownDependency))
    put(['dependsOn', name], value);
  put(['resources', 'cpuMillicores'], String(resources.cpuMillicores));
  put(['resources', 'memoryBytes'], String(resources.memoryBytes));
  put(['resources', 'storageBytes'], String(resources.storageBytes));
  for (const field of ['cpuMillicores', 'memoryBytes'] as const) {
    const limit = resources.limits?.[field];
    if (limit !== undefined) put(['resources', 'limits', field], String(limit));
  }
  // Absent is 1: both spellings have one meaning.
  put(['replicas'], String(spec.replicas ?? 1));
  for (const name of probeNames) {
    const probe = spec.probes?.[name];
    if (probe !== undefined) put(['probes', name], canonicalJson(probe));
  }
  for (const volume of spec.volumes ?? []) put(['volumes', volume.name], canonicalJson(volume));
  for (const [field, value] of Object.entries(spec.security ?? {})) put(['security', field], canonicalJson(value));
  if (spec.mocks !== undefined) put(['mocks'], canonicalJson(spec.mocks));
  if (spec.init !== undefined) put(['init'], canonicalJson(spec.init));
  if (spec.contract !== undefined) put(['contract', 'version'], spec.contract.version);
  put(['expose'], String(spec.expose));
  put(['stateful'], String(spec.stateful));
  put(['sharing'], spec.sharing);
  if (spec.description !== undefined) put(['description'], spec.description);
  return fields;
}

/** Several entries under one key, such as `reads` and `writes` of one service, become one value; their order is none. */
function grouped<T>(items: readonly T[], key: (item: T) => string, show: (item: T) => string): Map<string, string> {
  const groups = new Map<string, string>();
  for (const item of sortedBy(items, show)) {
    const sofar = groups.get(key(item));
    groups.set(key(item), sofar === undefined ? show(item) : `${sofar}; ${show(item)}`);
  }
  return groups;
}

function shownPort({ containerPort, protocol }: PortSpec): string {
  return `${containerPort}/${protocol}`;
}

function shownSecret(secret: SecretSpec): string {
  const { name, source } = secret;
  return `secret "${name}" (${source === 'reference' ? `${secret.secret}/${secret.key}` : source})`;
}

function shownDependency({ kind, port, protocol, required, propagates, contract }: DependencySpec): string {
  const over = port === undefined ? protocol : `${protocol} port "${port}"`;
  const version = contract === undefined ? '' : `, contract ${contract}`;
  return `${kind} over ${over}${version}${required ? '' : ', optional'}${propagates ? ', carries context' : ''}`;
}

/** RFC 6901. */
function escaped(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

function excerptStart(was: string, is: string): number {
  if (was.length <= shownValueLengthMax && is.length <= shownValueLengthMax) return 0;
  let same = 0;
  while (same < was.length && was[same] === is[same]) same++;
  return Math.max(0, same - shownValueLengthMax / 4);
}

/** At most `shownValueLengthMax` code units from `start` on; a surrogate pair is never cut, canonical JSON refuses halves. */
function excerpt(text: string | null, start: number): string | null {
  if (text === null || (start === 0 && text.length <= shownValueLengthMax)) return text;
  const from = startsInPair(text, start) ? start + 1 : start;
  const lead = from > 0 ? '…' : '';
  const room = shownValueLengthMax - lead.length;
  if (text.length - from <= room) return lead + text.slice(from);
  const to = from + room - 1;
  return `${lead}${text.slice(from, startsInPair(text, to) ? to - 1 : to)}…`;
}

function startsInPair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return index > 0 && unit >= 0xdc00 && unit <= 0xdfff;
}
