/**
 * A Blueprint's text as maps, lists and scalars that know where they stand. Offsets count UTF-16 code units from 0.
 * Shapes may be rewritten (a port `8080` becomes a map), places stay.
 */
export type Located = LocatedMap | LocatedList | LocatedScalar;
export type LocatedEntry = { readonly keyAt: number; readonly node: Located };
export type LocatedMap = {
  readonly kind: 'map';
  readonly at: number;
  readonly entries: ReadonlyMap<string, LocatedEntry>;
  readonly tag?: string;
};
export type LocatedList = {
  readonly kind: 'list';
  readonly at: number;
  readonly items: readonly Located[];
  readonly tag?: string;
};
export type LocatedScalar = {
  readonly kind: 'scalar';
  readonly at: number;
  readonly value: string | number | boolean | null;
  /** The text as written, for `1.20` where the value is 1.2. */
  readonly source: string;
  readonly tag?: string;
};

export type Path = readonly (string | number)[];

export function textNode(at: number, value: string): LocatedScalar {
  return { kind: 'scalar', at, value, source: value };
}

/** The node under a path, or undefined. */
export function nodeAt(root: Located, path: Path): Located | undefined {
  let node: Located | undefined = root;
  for (const step of path) node = node === undefined ? undefined : childOf(node, step);
  return node;
}

/** The offset of a path's node, else of the nearest node above it that exists. */
export function offsetOf(root: Located, path: Path): number {
  let node = root;
  for (const step of path) {
    const child = childOf(node, step);
    if (child === undefined) return node.at;
    node = child;
  }
  return node.at;
}

/** The offset of a path's last key, else as `offsetOf`. */
export function keyOffsetOf(root: Located, path: Path): number {
  const parent = nodeAt(root, path.slice(0, -1));
  const key = path.at(-1);
  const entry = parent?.kind === 'map' && typeof key === 'string' ? parent.entries.get(key) : undefined;
  return entry?.keyAt ?? offsetOf(root, path);
}

/** The plain value, for a schema to judge. Objects have no prototype, so no key can reach one. */
export function plainValue(node: Located): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of node.entries) object[key] = plainValue(entry.node);
  return object;
}

/** The word for a node's kind in a finding. */
export function kindOf(node: Located | undefined): string {
  if (node === undefined) return 'nothing';
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  if (node.value === null) return 'nothing';
  return `a ${typeof node.value}`;
}

/** Replaces the node under one key of a map, if there is one. */
export function withEntry(map: LocatedMap, key: string, change: (node: Located) => Located): LocatedMap {
  const entry = map.entries.get(key);
  if (entry === undefined) return map;
  return { ...map, entries: new Map(map.entries).set(key, { ...entry, node: change(entry.node) }) };
}

function childOf(node: Located, step: string | number): Located | undefined {
  if (node.kind === 'map') return node.entries.get(String(step))?.node;
  return node.kind === 'list' && typeof step === 'number' ? node.items[step] : undefined;
}
