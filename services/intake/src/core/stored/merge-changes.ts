import { type Located, type LocatedEntry, type LocatedMap, textNode } from '../located.ts';

/** A plain value as located nodes which all stand at one place. */
export function locatedValue(value: unknown, at: number): Located {
  if (Array.isArray(value)) return { kind: 'list', at, items: value.map((item) => locatedValue(item, at)) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return {
      kind: 'map',
      at,
      entries: new Map(entries.map(([key, inner]) => [key, { keyAt: at, node: locatedValue(inner, at) }])),
    };
  }
  if (typeof value === 'string') return textNode(at, value);
  if (typeof value === 'number' || typeof value === 'boolean')
    return { kind: 'scalar', at, value, source: String(value) };
  return { kind: 'scalar', at, value: null, source: '' };
}

/**
 * A stored Blueprint with changes over it, by service and field (docs/blueprint.md, "From what is stored"): maps merge by
 * key, `null` takes a key away, everything else replaces what stood there. Every node keeps the place it was written at.
 */
export function mergeChanges(stored: LocatedMap, changes: LocatedMap): LocatedMap {
  const services = changes.entries.get('services');
  if (services === undefined) return mergeMaps(stored, changes);
  const byName = { ...services, node: servicesByName(services.node) };
  const entries = new Map(changes.entries).set('services', byName);
  return mergeMaps(stored, { ...changes, entries }, mergeServices);
}

type Merge = (stored: Located | undefined, change: Located) => Located;

function mergeMaps(stored: LocatedMap, changes: LocatedMap, services: Merge = merge): LocatedMap {
  const entries = new Map(stored.entries);
  for (const [key, { keyAt, node }] of changes.entries) {
    const mergeOne = key === 'services' ? services : merge;
    if (isNull(node)) entries.delete(key);
    else entries.set(key, { keyAt, node: mergeOne(stored.entries.get(key)?.node, node) });
  }
  return { ...changes, entries };
}

function merge(stored: Located | undefined, change: Located): Located {
  if (stored?.kind !== 'map' || change.kind !== 'map') return change;
  return mergeMaps(stored, change);
}

function mergeServices(stored: Located | undefined, changes: Located): Located {
  if (stored?.kind !== 'map' || changes.kind !== 'map') return changes;
  const entries = new Map(stored.entries);
  for (const [name, { keyAt, node }] of changes.entries) {
    const before = stored.entries.get(name)?.node;
    if (isNull(node)) entries.delete(name);
    else entries.set(name, { keyAt, node: before === undefined ? node : mergeService(before, node) });
  }
  return { ...changes, entries };
}

/** A removal stands alone, and what was removed is declared anew. Requests keep the spelling of the change. */
function mergeService(stored: Located, change: Located): Located {
  if (stored.kind !== 'map' || change.kind !== 'map') return change;
  if (change.entries.has('remove') || stored.entries.has('remove')) return change;
  const resources = change.entries.get('resources')?.node;
  if (resources?.kind !== 'map' || !resources.entries.has('requests')) return mergeMaps(stored, change);
  return mergeMaps(withRequests(stored), change);
}

const requested = ['cpu', 'memory', 'storage'];

function withRequests(service: LocatedMap): LocatedMap {
  const resources = service.entries.get('resources');
  if (resources?.node.kind !== 'map') return service;
  const { node } = resources;
  const [flat, other] = [new Map<string, LocatedEntry>(), new Map<string, LocatedEntry>()];
  for (const [key, entry] of node.entries) (requested.includes(key) ? flat : other).set(key, entry);
  other.set('requests', { keyAt: node.at, node: { kind: 'map', at: node.at, entries: flat } });
  return {
    ...service,
    entries: new Map(service.entries).set('resources', { ...resources, node: { ...node, entries: other } }),
  };
}

/** A list of services as a map; undone where a service has no name, or one that stands there twice, for the checks to say. */
function servicesByName(services: Located): Located {
  if (services.kind !== 'list') return services;
  const entries = new Map<string, LocatedEntry>();
  for (const item of services.items) {
    const name = item.kind === 'map' ? item.entries.get('name')?.node : undefined;
    if (name?.kind !== 'scalar' || typeof name.value !== 'string' || entries.has(name.value)) return services;
    entries.set(name.value, { keyAt: name.at, node: item });
  }
  return { kind: 'map', at: services.at, entries };
}

function isNull(node: Located): boolean {
  return node.kind === 'scalar' && node.value === null;
}
