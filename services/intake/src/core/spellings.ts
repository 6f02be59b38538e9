import { type Located, type LocatedMap, type LocatedScalar, textNode } from './located.ts';

// Each takes a node in one of its short spellings to the one the schema knows, and leaves what it does not understand.

type Change = (node: Located) => Located;

/** What becomes of the values under some keys. */
export type Words = Readonly<Record<string, Change>>;

/** Changes the values of a map under these keys. */
export function words(changes: Words): Change {
  const pairs = Object.entries(changes);
  return (node) => {
    if (node.kind !== 'map') return node;
    const entries = new Map(node.entries);
    for (const [key, change] of pairs) {
      const entry = entries.get(key);
      if (entry !== undefined) entries.set(key, { ...entry, node: change(entry.node) });
    }
    return { ...node, entries };
  };
}

/** A number or boolean as it was written. */
export function asText(node: Located): Located {
  if (node.kind !== 'scalar' || node.value === null || typeof node.value === 'string') return node;
  return textNode(node.at, node.source);
}

export function textItems(list: Located): Located {
  return eachItem(list, asText);
}

export function textValues(map: Located): Located {
  return map.kind === 'map' ? mapEntries(map, asText) : map;
}

export function eachItem(list: Located, change: Change): Located {
  return list.kind === 'list' ? { ...list, items: list.items.map(change) } : list;
}

export function eachValue(change: Change): Change {
  return (map) => (map.kind === 'map' ? mapEntries(map, change) : map);
}

export function mapEntries(map: LocatedMap, change: (node: Located, key: string) => Located): LocatedMap {
  const entries = [...map.entries].map(([key, entry]) => [key, { ...entry, node: change(entry.node, key) }] as const);
  return { ...map, entries: new Map(entries) };
}

/** One map stands for a list of it. */
export function asList(node: Located): Located {
  return node.kind === 'map' ? { kind: 'list', at: node.at, items: [node] } : node;
}

/** One text is a program without arguments. */
export function asProgram(command: Located): Located {
  if (command.kind === 'scalar' && typeof command.value === 'string')
    return { kind: 'list', at: command.at, items: [command] };
  return textItems(command);
}

/** `8080`, `"8080:8080"`, `"53/udp"`. */
export function portAsMap(port: Located): Located {
  if (port.kind !== 'scalar') return port;
  const match = /^(\d{1,5})(?::(\d{1,5}))?(?:\/(http|grpc|tcp|udp))?$/.exec(port.source);
  if (match === null || (match[2] !== undefined && match[1] !== match[2])) return port;
  const containerPort: LocatedScalar = { kind: 'scalar', at: port.at, value: Number(match[1]), source: port.source };
  return mapAt(port.at, {
    containerPort,
    ...(match[3] === undefined ? {} : { protocol: textNode(port.at, match[3]) }),
  });
}

/** The name of a service; a contract version may be written as a number. */
export function dependencyAsMap(dependency: Located): Located {
  if (dependency.kind !== 'scalar' || typeof dependency.value !== 'string')
    return words({ contract: asText })(dependency);
  return mapAt(dependency.at, { service: dependency });
}

/** The name of an environment that provides a service. */
export function providerAsMap(provider: Located): Located {
  if (provider.kind !== 'scalar' || typeof provider.value !== 'string') return provider;
  return mapAt(provider.at, { environment: provider });
}

/** The name of an environment that is a pool. */
export function poolAsMap(pool: Located): Located {
  if (pool.kind !== 'scalar' || typeof pool.value !== 'string') return words({ labels: textValues })(pool);
  return mapAt(pool.at, { environment: pool });
}

/** `name` or `name@version`. */
export function seedAsMap(seed: Located): Located {
  if (seed.kind !== 'scalar' || typeof seed.value !== 'string') return words({ version: asText })(seed);
  const [name = '', version, more] = seed.value.split('@');
  if (more !== undefined) return seed;
  return mapAt(seed.at, {
    name: textNode(seed.at, name),
    ...(version === undefined ? {} : { version: textNode(seed.at, version) }),
  });
}

function mapAt(at: number, nodes: Readonly<Record<string, Located>>): LocatedMap {
  const entries = Object.entries(nodes).map(([key, node]) => [key, { keyAt: at, node }] as const);
  return { kind: 'map', at, entries: new Map(entries) };
}
