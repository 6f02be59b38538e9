import { type Digest, isDigest } from '@microstax/model/digest';
import { blocks, type Finding } from '@microstax/model/finding';
import { isToken } from '@microstax/model/names';
import type { Limits } from '../limits.ts';
import { kindOf, type Located, type LocatedMap, nodeAt } from '../located.ts';
import { nearestWord } from '../nearest-word.ts';
import { parseBlueprint } from '../parse-blueprint.ts';
import { findingOf, inOrder, type Problem, type Source } from '../problem.ts';
import { quote, quoteList } from '../quote.ts';
import { type BlueprintAddress, type ReadBlueprint, readParsed, type UnreadableBlueprint } from '../read-blueprint.ts';

/** Where the declarations are to be taken from. */
export type StoredPlace =
  | { readonly kind: 'from'; readonly env: string; readonly generation: number }
  | { readonly kind: 'closure'; readonly digest: Digest };

/** A Blueprint that names what is stored in place of saying it: `{from: {env, generation}, changes}`, `{closure, changes}`. */
export type StoredInput = {
  readonly kind: 'stored';
  readonly address: BlueprintAddress;
  readonly source: Source;
  readonly limits: Limits;
  readonly place: StoredPlace;
  readonly name: Located | undefined;
  readonly changes: LocatedMap | undefined;
};

const keys = ['from', 'closure', 'changes', 'name'];

/** Text → a Blueprint, or the name of what is stored with changes over it. Asks nobody and never throws. */
export function readInput(
  text: string,
  address: BlueprintAddress,
  limits: Limits,
): ReadBlueprint | UnreadableBlueprint | StoredInput {
  const parsed = parseBlueprint(text, limits);
  if (parsed.kind === 'unreadable') return readParsed(parsed, address, limits);
  const { source } = parsed;
  const { tree } = source;
  if (!namesStored(tree)) return readParsed(parsed, address, limits);
  const { place, problems } = readPlace(tree);
  const changes = nodeAt(source.tree, ['changes']);
  if (changes !== undefined && changes.kind !== 'map' && !isNull(changes))
    problems.push({ code: 'wrong-type', path: ['changes'], reason: `expected a map, found ${kindOf(changes)}` });
  const findings = [...parsed.findings, ...problems.map((problem) => findingOf(problem, source))];
  if (place === undefined || blocks(findings))
    return { kind: 'unreadable', findings: inOrder(findings, limits.maxFindings) };
  const name = nodeAt(source.tree, ['name']);
  return {
    kind: 'stored',
    address,
    source,
    limits,
    place,
    name,
    changes: changes?.kind === 'map' ? changes : undefined,
  };
}

/** What is said where the place has nothing; it stands at `from` or `closure`. */
export function refuseStored(
  { source, limits, place }: Pick<StoredInput, 'source' | 'limits' | 'place'>,
  problem: Pick<Problem, 'code' | 'reason' | 'next'>,
): UnreadableBlueprint {
  const findings: Finding[] = [findingOf({ ...problem, path: [place.kind] }, source)];
  return { kind: 'unreadable', findings: inOrder(findings, limits.maxFindings) };
}

function namesStored(tree: Located): tree is LocatedMap {
  return tree.kind === 'map' && (tree.entries.has('from') || tree.entries.has('closure'));
}

function readPlace(tree: LocatedMap): { place: StoredPlace | undefined; problems: Problem[] } {
  const problems: Problem[] = [...tree.entries.keys()].filter((key) => !keys.includes(key)).map(unknownKey);
  const [from, closure] = [nodeAt(tree, ['from']), nodeAt(tree, ['closure'])];
  if (from !== undefined && closure !== undefined) {
    problems.push({
      code: 'two-sources',
      path: ['closure'],
      mark: 'key',
      reason: 'a Blueprint is made from one source, and both "from" and "closure" stand here',
      next: 'keep one of them',
    });
    return { place: undefined, problems };
  }
  const place = closure === undefined ? readFrom(from, problems) : readClosure(closure, problems);
  return { place, problems };
}

function unknownKey(key: string): Problem {
  const near = nearestWord(key, keys);
  return {
    code: 'unknown-key',
    path: [key],
    mark: 'key',
    reason: `unknown key ${quote(key)} beside "from" or "closure"${near === undefined ? '' : `, did you mean ${quote(near)}`}`,
    next: near === undefined ? `write it under "changes"; allowed here are ${quoteList(keys)}` : `write ${quote(near)}`,
  };
}

const fromKeys = ['env', 'generation'];

function readFrom(from: Located | undefined, problems: Problem[]): StoredPlace | undefined {
  if (from?.kind !== 'map') {
    const reason = `expected { env, generation }, found ${kindOf(from)}`;
    problems.push({ code: 'wrong-type', path: ['from'], reason });
    return undefined;
  }
  for (const key of from.entries.keys())
    if (!fromKeys.includes(key))
      problems.push({
        code: 'unknown-key',
        path: ['from', key],
        mark: 'key',
        reason: `unknown key ${quote(key)}`,
        next: `allowed are ${quoteList(fromKeys)}`,
      });
  const env = scalarOf(from, 'env', problems);
  const generation = scalarOf(from, 'generation', problems);
  if (env === undefined || generation === undefined) return undefined;
  if (typeof env !== 'string' || !isToken(env)) {
    const reason = `found ${quote(String(env))}, expected the name of an environment`;
    problems.push({ code: 'bad-value', path: ['from', 'env'], reason });
    return undefined;
  }
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 1) {
    const reason = `found ${quote(String(generation))}, expected a generation: 1, 2, 3 …`;
    problems.push({ code: 'bad-value', path: ['from', 'generation'], reason });
    return undefined;
  }
  return { kind: 'from', env, generation };
}

function readClosure(closure: Located, problems: Problem[]): StoredPlace | undefined {
  const digest = closure.kind === 'scalar' ? closure.value : null;
  if (typeof digest === 'string' && isDigest(digest)) return { kind: 'closure', digest };
  const found = closure.kind === 'scalar' && digest !== null ? quote(closure.source) : kindOf(closure);
  problems.push({
    code: 'bad-value',
    path: ['closure'],
    reason: `found ${found}, expected "sha256:" and 64 hexadecimal digits`,
    next: 'see: msx closure <env>',
  });
  return undefined;
}

function scalarOf(map: LocatedMap, key: string, problems: Problem[]): string | number | boolean | undefined {
  const node = map.entries.get(key)?.node;
  if (node?.kind === 'scalar' && node.value !== null) return node.value;
  if (node === undefined || isNull(node))
    problems.push({ code: 'missing-key', path: ['from', key], reason: `key ${quote(key)} is missing` });
  else
    problems.push({ code: 'bad-value', path: ['from', key], reason: `found ${kindOf(node)}, expected a plain value` });
  return undefined;
}

function isNull(node: Located): boolean {
  return node.kind === 'scalar' && node.value === null;
}
