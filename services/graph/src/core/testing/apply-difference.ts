import type { Difference, FieldChange } from '@microstax/model/difference';
import type { ServiceSpec } from '@microstax/model/service-spec';

export type Specs = Readonly<Record<string, ServiceSpec>>;

/**
 * `before` with a difference applied to it. A difference shows values in short and names their places in full, so the
 * values come from `after`, but only at the pointers that it names: were one missing, the result would differ.
 */
export function applyDifference(before: Specs, { services }: Difference, after: Specs): Specs {
  const specs = new Map(Object.entries(before));
  for (const { service, state, changes } of services) {
    const value = Object.hasOwn(after, service) ? after[service] : undefined;
    if (state === 'removed') specs.delete(service);
    else if (state === 'added' && value !== undefined) specs.set(service, value);
    else if (value !== undefined && changes.length > 0) specs.set(service, patched(specs.get(service), changes, value));
  }
  return Object.fromEntries(specs);
}

type Record_ = Readonly<Record<string, unknown>>;

function patched(before: ServiceSpec | undefined, changes: readonly FieldChange[], after: ServiceSpec): ServiceSpec {
  let spec: Record_ = { ...before };
  for (const { pointer } of changes) spec = taken(spec, after as Record_, pointer.slice(1).split('/').map(unescaped));
  return spec as ServiceSpec;
}

/** The key that tells the entries of a list apart, which a pointer names in place of a position. */
const keys: Readonly<Record<string, string>> = {
  ports: 'name',
  secrets: 'envKey',
  dependsOn: 'service',
  volumes: 'name',
};

function taken(into: Record_, from: Record_, path: readonly string[]): Record_ {
  const [field = '', inner] = path;
  const key = keys[field];
  if (key !== undefined && inner !== undefined)
    return { ...into, [field]: entries(into[field], from[field], key, inner) };
  if (path.length > 1) {
    const value = taken((into[field] ?? {}) as Record_, (from[field] ?? {}) as Record_, path.slice(1));
    return Object.keys(value).length === 0 && from[field] === undefined
      ? without(into, field)
      : put(into, field, value);
  }
  return Object.hasOwn(from, field) && from[field] !== undefined ? put(into, field, from[field]) : without(into, field);
}

function entries(into: unknown, from: unknown, key: string, name: string): unknown[] {
  const named = (list: unknown, isIt: boolean) =>
    ((list ?? []) as Record_[]).filter((entry) => (entry[key] === name) === isIt);
  return [...named(into, false), ...named(from, true)];
}

function put(into: Record_, field: string, value: unknown): Record_ {
  const copy = { ...into };
  Object.defineProperty(copy, field, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function without(into: Record_, field: string): Record_ {
  return Object.fromEntries(Object.entries(into).filter(([key]) => key !== field));
}

function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
