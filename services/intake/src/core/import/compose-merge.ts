import type { Located, LocatedEntry, LocatedMap } from '../located.ts';

/**
 * One Compose file over another, as the specification says: maps merge, lists append and keep one of what is the same by
 * its key, commands and tests are replaced, `!reset` takes away, `!override` replaces.
 */
export function mergeMaps(base: LocatedMap, over: LocatedMap, path: readonly string[] = []): LocatedMap {
  const entries = new Map<string, LocatedEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const { node } = entry;
    const before = entries.get(key);
    if (node.tag === '!reset') entries.delete(key);
    else if (before === undefined || node.tag === '!override')
      entries.set(key, { ...entry, node: untagged(node, [...path, key]) });
    else entries.set(key, { keyAt: entry.keyAt, node: merged(before.node, node, [...path, key]) });
  }
  return { kind: 'map', at: over.at, entries };
}

/** A tree whose `!reset` and `!override` met nothing to act on. */
export function untagged(node: Located, path: readonly string[] = []): Located {
  if (node.kind === 'map') return mergeMaps({ kind: 'map', at: node.at, entries: new Map() }, node, path);
  return node;
}

function merged(base: Located, over: Located, path: readonly string[]): Located {
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over, path);
  if (base.kind !== 'list' || over.kind !== 'list' || isReplaced(path)) return untagged(over, path);
  const keyOf = listKeys[path.at(-1) ?? ''] ?? textOf;
  const keys = new Set(over.items.map(keyOf));
  return { kind: 'list', at: over.at, items: [...base.items.filter((item) => !keys.has(keyOf(item))), ...over.items] };
}

/** Lists that are one thing rather than several. */
function isReplaced(path: readonly string[]): boolean {
  const [last, before] = [path.at(-1), path.at(-2)];
  return last === 'command' || last === 'entrypoint' || (last === 'test' && before === 'healthcheck');
}

/** What makes two items of a list one, by the list's key. */
const listKeys: Readonly<Record<string, (item: Located) => string>> = {
  volumes: (item) => (item.kind === 'map' ? fieldOf(item, 'target') : volumeTarget(textOf(item))),
  ports: (item) =>
    item.kind === 'map'
      ? ['host_ip', 'target', 'published', 'protocol'].map((key) => fieldOf(item, key)).join(' ')
      : textOf(item),
  secrets: mountOf,
  configs: mountOf,
};

/** `source:target[:mode]`, or a target alone. */
export function volumeTarget(text: string): string {
  const parts = text.split(':');
  return (parts.length === 1 ? parts[0] : parts[1]) ?? text;
}

function mountOf(item: Located): string {
  if (item.kind !== 'map') return textOf(item);
  return fieldOf(item, 'target') || fieldOf(item, 'source');
}

function fieldOf(item: LocatedMap, key: string): string {
  const node = item.entries.get(key)?.node;
  return node?.kind === 'scalar' ? node.source : '';
}

function textOf(item: Located): string {
  if (item.kind === 'scalar') return item.source;
  if (item.kind === 'list') return JSON.stringify(item.items.map(textOf));
  return JSON.stringify([...item.entries].map(([key, { node }]) => [key, textOf(node)]));
}
