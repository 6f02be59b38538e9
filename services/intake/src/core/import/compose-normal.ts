import type { Located, LocatedEntry, LocatedMap, LocatedScalar } from '../located.ts';
import { textNode } from '../located.ts';

/** Brings the short spellings of a service to the long ones that maps can be merged in. Offsets and tags stay. */
export function normalService(service: LocatedMap): LocatedMap {
  const entries = new Map<string, LocatedEntry>();
  for (const [key, entry] of service.entries) entries.set(key, { ...entry, node: normalised(key, entry.node) });
  return { ...service, entries };
}

function normalised(key: string, node: Located): Located {
  if (keyed.has(key)) return node.kind === 'list' ? mapOfPairs(node) : node;
  if (key === 'depends_on') return node.kind === 'list' ? mapOfNames(node, conditionStarted) : node;
  if (key === 'networks') return node.kind === 'list' ? mapOfNames(node, nothingAt) : node;
  if (key === 'extends')
    return isText(node) ? { kind: 'map', at: node.at, entries: new Map([['service', entryOf(node)]]) } : node;
  if (lists.has(key)) return isText(node) ? { kind: 'list', at: node.at, items: [node], ...tagOf(node) } : node;
  return node;
}

const keyed: ReadonlySet<string> = new Set(['environment', 'labels', 'annotations', 'sysctls']);
const lists: ReadonlySet<string> = new Set(['env_file', 'tmpfs', 'dns', 'dns_search', 'profiles']);

/** `KEY=value` and `KEY` items as a map; what is neither stays a list, to be complained of. */
function mapOfPairs(list: Extract<Located, { kind: 'list' }>): Located {
  if (!list.items.every(isText)) return list;
  const entries = new Map<string, LocatedEntry>();
  for (const item of list.items) {
    const text = item.source;
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    const value: LocatedScalar =
      equals === -1
        ? { kind: 'scalar', at: item.at, value: null, source: '' }
        : { ...item, value: text.slice(equals + 1), source: text.slice(equals + 1) };
    entries.delete(name); // a later item wins, also in order
    entries.set(name, { keyAt: item.at, node: value });
  }
  return { kind: 'map', at: list.at, entries, ...tagOf(list) };
}

function mapOfNames(list: Extract<Located, { kind: 'list' }>, make: (at: number) => Located): Located {
  if (!list.items.every(isText)) return list;
  const entries = new Map(list.items.map((item) => [item.source, { keyAt: item.at, node: make(item.at) }] as const));
  return { kind: 'map', at: list.at, entries, ...tagOf(list) };
}

function conditionStarted(at: number): Located {
  return { kind: 'map', at, entries: new Map([['condition', entryOf(textNode(at, 'service_started'))]]) };
}

function nothingAt(at: number): Located {
  return { kind: 'scalar', at, value: null, source: '' };
}

function entryOf(node: Located): LocatedEntry {
  return { keyAt: node.at, node };
}

function isText(node: Located): node is LocatedScalar {
  return node.kind === 'scalar' && node.value !== null;
}

function tagOf(node: Located): { readonly tag?: string } {
  return node.tag === undefined ? {} : { tag: node.tag };
}
