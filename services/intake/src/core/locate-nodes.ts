import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { Limits } from './limits.ts';
import type { Located, LocatedEntry, LocatedScalar } from './located.ts';
import { quote } from './quote.ts';

/** Something wrong with the text's structure, at an offset. */
export type StructureRemark = {
  readonly code: string;
  readonly at: number;
  readonly reason: string;
  readonly next?: string;
};

/**
 * Turns the parser's nodes into located ones: aliases expanded, keys made text, repeated keys remarked. The node is
 * undefined where a limit stopped the walk. The whole work is bounded by `maxNodes`, so no alias can make it explode.
 */
export function locateNodes(
  root: Node,
  limits: Limits,
  options: LocateOptions = {},
): { readonly node: Located | undefined; readonly remarks: readonly StructureRemark[] } {
  const { mergeKeys = false, what = 'Blueprint' } = options;
  const walk: Walk = {
    limits,
    mergeKeys,
    what,
    remarks: [],
    anchors: new Map(),
    open: new Set(),
    nodes: 0,
    aliases: 0,
    stopped: false,
  };
  const node = locate(root, walk, { depth: 1, expanding: false, secret: false, after: 0 });
  return { node: walk.stopped ? undefined : node, remarks: walk.remarks };
}

export type LocateOptions = {
  /** `<<` takes over the entries of the maps it names, as YAML 1.1 had it. */
  readonly mergeKeys?: boolean;
  /** What the text is called. */
  readonly what?: string;
};

type Walk = {
  readonly limits: Limits;
  readonly mergeKeys: boolean;
  readonly what: string;
  readonly remarks: StructureRemark[];
  /** The newest node of each anchor, in the order of the text. */
  readonly anchors: Map<string, Node>;
  /** Nodes that an alias is being expanded to. */
  readonly open: Set<Node>;
  nodes: number;
  aliases: number;
  stopped: boolean;
};

type Around = {
  readonly depth: number;
  /** Inside of an alias: anchors met here were seen before. */
  readonly expanding: boolean;
  /** Inside of an alias: where the outermost one is written, which a passed limit is said of. */
  readonly aliasAt?: number;
  /** Under `secrets`: keys are not quoted. */
  readonly secret: boolean;
  /** Where an absent node is said to stand. */
  readonly after: number;
};

function locate(node: Node | null, walk: Walk, around: Around): Located {
  const at = node?.range?.[0] ?? around.after;
  const limitAt = around.aliasAt ?? at;
  const { limits } = walk;
  if (walk.stopped) return nothing(at);
  if (++walk.nodes > limits.maxNodes)
    return stop(walk, {
      code: 'too-many-nodes',
      at: limitAt,
      reason: `the ${walk.what} has more than ${limits.maxNodes} nodes (maxNodes)`,
    });
  if (around.depth > limits.maxDepth)
    return stop(walk, {
      code: 'too-deep',
      at: limitAt,
      reason: `maps and lists are nested deeper than ${limits.maxDepth} (maxDepth)`,
    });
  if (node === null) return nothing(at);
  if (isAlias(node)) return expand(node, walk, around);
  if (!around.expanding && 'anchor' in node && node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  if (isMap(node)) return tagged(locateMap(node, walk, around), node.tag);
  if (isSeq(node)) {
    const list: Located = {
      kind: 'list',
      at,
      items: node.items.map((item) =>
        locate(item as Node | null, walk, { ...around, depth: around.depth + 1, after: at }),
      ),
    };
    return tagged(list, node.tag);
  }
  return isScalar(node) ? tagged(locateScalar(node, walk), node.tag) : nothing(at);
}

/** Tags of one's own are kept for who knows them (`!reset` in a Compose file); the parser refused all others. */
function tagged(node: Located, tag: string | undefined): Located {
  return tag?.startsWith('!') && tag !== '!' ? { ...node, tag } : node;
}

function locateMap(map: YAMLMap, walk: Walk, around: Around): Located {
  const at = map.range?.[0] ?? around.after;
  const entries = new Map<string, LocatedEntry>();
  const merged: LocatedEntry[] = [];
  for (const pair of map.items as Pair<Node | null, Node | null>[]) {
    if (walk.mergeKeys && isMergeKey(pair.key)) {
      const keyAt = pair.key?.range?.[0] ?? at;
      merged.push({ keyAt, node: locate(pair.value, walk, { ...around, depth: around.depth + 1, after: keyAt }) });
      continue;
    }
    const key = keyOf(pair.key, walk, around, at);
    if (key === undefined) continue;
    const { text, at: keyAt } = key;
    const inner = { ...around, depth: around.depth + 1, secret: around.secret || text === 'secrets', after: keyAt };
    if (entries.has(text)) {
      const named = around.secret ? '' : ` ${quote(text)}`;
      remark(walk, {
        code: 'duplicate-key',
        at: keyAt,
        reason: `key${named} is repeated in this map`,
        next: 'keep one of them',
      });
      continue;
    }
    entries.set(text, { keyAt, node: locate(pair.value, walk, inner) });
  }
  for (const { keyAt, node } of merged) mergeInto(entries, node, keyAt, walk);
  return { kind: 'map', at, entries };
}

function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

/** What stands in the map itself wins, then the earlier of several maps. */
function mergeInto(entries: Map<string, LocatedEntry>, node: Located, keyAt: number, walk: Walk): void {
  if (node.kind === 'list') {
    for (const item of node.items) mergeInto(entries, item.kind === 'list' ? nothing(keyAt) : item, keyAt, walk);
    return;
  }
  if (node.kind === 'map') {
    for (const [key, entry] of node.entries) if (!entries.has(key)) entries.set(key, entry);
    return;
  }
  remark(walk, {
    code: 'bad-merge-key',
    at: keyAt,
    reason: 'the merge key "<<" takes a map, or a list of maps',
    next: 'let it name an anchor of a map: <<: *defaults',
  });
}

function keyOf(
  key: Node | null,
  walk: Walk,
  around: Around,
  mapAt: number,
): { readonly text: string; readonly at: number } | undefined {
  const at = key?.range?.[0] ?? mapAt;
  if (!isScalar(key)) {
    remark(walk, { code: 'bad-key', at, reason: 'a key must be a plain word, not a map, a list or an alias' });
    return undefined;
  }
  if (!around.expanding && key.anchor !== undefined) walk.anchors.set(key.anchor, key);
  const text = typeof key.value === 'string' ? key.value : (key.source ?? '');
  // Objects give `__proto__` a meaning of their own, and no field of ours is called so.
  if (text === '' || text === '__proto__' || !isSafeText(text)) {
    remark(walk, { code: 'bad-key', at, reason: 'a key must be text that is not empty and not "__proto__"' });
    return undefined;
  }
  return { text, at };
}

function locateScalar(scalar: Scalar, walk: Walk): LocatedScalar {
  const at = scalar.range?.[0] ?? 0;
  const { value } = scalar;
  if (typeof value === 'string') {
    if (isSafeText(value)) return { kind: 'scalar', at, value, source: value };
    remark(walk, {
      code: 'bad-text',
      at,
      reason: 'the text holds a NUL character or half of a surrogate pair, which no process can be given',
    });
    return { kind: 'scalar', at, value: '', source: '' };
  }
  if (typeof value === 'number' || typeof value === 'boolean')
    return { kind: 'scalar', at, value, source: scalar.source ?? String(value) };
  return nothing(at);
}

function expand(alias: Alias, walk: Walk, around: Around): Located {
  const at = alias.range?.[0] ?? around.after;
  const aliasAt = around.aliasAt ?? at;
  const { maxAliases } = walk.limits;
  if (++walk.aliases > maxAliases)
    return stop(walk, {
      code: 'too-many-aliases',
      at: aliasAt,
      reason: `aliases are expanded more than ${maxAliases} times (maxAliases)`,
      next: 'write the values out instead of nesting aliases',
    });
  const target = walk.anchors.get(alias.source);
  if (target === undefined)
    return broken(walk, {
      code: 'unknown-alias',
      at,
      reason: 'the alias names an anchor that does not stand before it',
    });
  if (walk.open.has(target))
    return broken(walk, { code: 'alias-cycle', at, reason: 'the alias stands inside of what it names' });
  walk.open.add(target);
  const node = locate(target, walk, { ...around, expanding: true, aliasAt });
  walk.open.delete(target);
  // A finding about an expanded value is found where the alias is written.
  return { ...node, at };
}

function isSafeText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function nothing(at: number): LocatedScalar {
  return { kind: 'scalar', at, value: null, source: '' };
}

function stop(walk: Walk, problem: StructureRemark): Located {
  walk.stopped = true;
  return broken(walk, problem);
}

function broken(walk: Walk, problem: StructureRemark): Located {
  remark(walk, problem);
  return nothing(problem.at);
}

function remark(walk: Walk, problem: StructureRemark): void {
  walk.remarks.push(problem);
}
