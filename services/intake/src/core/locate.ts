import type { z } from 'zod';
import { knownKeysAt } from './known-keys.ts';
import { keyOffsetOf, kindOf, type Located, nodeAt, type Path } from './located.ts';
import { nearestWord } from './nearest-word.ts';
import type { Problem } from './problem.ts';
import { quote, quoteList } from './quote.ts';

type Issue = z.core.$ZodIssue;

/** Turns what a schema says into problems at the key or the nearest node. Values under `secrets` and `env` are not quoted. */
export function problemsOf(issues: readonly Issue[], prefix: Path, tree: Located): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [...prefix, ...issue.path.map(step)], tree));
}

function problemsOfIssue(issue: Issue, path: Path, tree: Located): Problem[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, tree));
    case 'invalid_key':
      return [
        {
          code: 'bad-key',
          path,
          mark: 'key',
          reason: `key ${shown(path, path.at(-1))} cannot be used: ${issue.issues[0]?.message ?? 'it is malformed'}`,
        },
      ];
    case 'invalid_type':
      return [wrongType(issue, path, tree)];
    case 'invalid_value':
      return [isAbsent(tree, path) ? missing(path) : badChoice(issue.values.map(String), path, tree)];
    default:
      return [isAbsent(tree, path) ? missing(path) : badValue(issue.message, path, tree)];
  }
}

function unknownKey(path: Path, key: string, tree: Located): Problem {
  const known = knownKeysAt(path);
  const near = nearestWord(key, known);
  // Under `secrets` a key far from every known one may be a secret in the wrong place.
  const quotable = near !== undefined || !isPrivate(path);
  return {
    code: 'unknown-key',
    path: quotable ? [...path, key] : path,
    at: keyOffsetOf(tree, [...path, key]),
    reason: `unknown key${quotable ? ` ${quote(key)}` : ''}${near === undefined ? '' : `, did you mean ${quote(near)}`}`,
    next: near === undefined ? `allowed are ${quoteList(known)}` : `write ${quote(near)}, or remove the key`,
  };
}

function wrongType(issue: Extract<Issue, { code: 'invalid_type' }>, path: Path, tree: Located): Problem {
  if (isAbsent(tree, path)) return missing(path);
  const node = nodeAt(tree, path);
  const own = issue.message.startsWith('expected ') ? issue.message : undefined;
  const problem: Problem = {
    code: 'wrong-type',
    path,
    reason: own ?? `expected ${expectedKinds[issue.expected] ?? `a ${issue.expected}`}, found ${kindOf(node)}`,
  };
  const unquoted = node?.kind === 'scalar' && node.value !== null && typeof node.value !== 'string';
  if (issue.expected !== 'string' || !unquoted || isPrivate(path)) return problem;
  return { ...problem, next: `quote it: ${quote(node.source)}` };
}

const expectedKinds: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  int: 'a whole number',
  boolean: 'true or false',
  string: 'text',
};

function missing(path: Path): Problem {
  return { code: 'missing-key', path, reason: `key ${shown(path, path.at(-1))} is missing` };
}

function badChoice(allowed: readonly string[], path: Path, tree: Located): Problem {
  const node = nodeAt(tree, path);
  const found = node?.kind === 'scalar' && node.value !== null && !isPrivate(path) ? quote(node.source) : kindOf(node);
  const near = node?.kind === 'scalar' && !isPrivate(path) ? nearestWord(node.source, allowed) : undefined;
  return {
    code: 'bad-value',
    path,
    reason: `found ${found}, allowed ${allowed.length === 1 ? 'is' : 'are'} ${quoteList(allowed)}`,
    ...(near === undefined ? {} : { next: `did you mean ${quote(near)}?` }),
  };
}

function badValue(message: string, path: Path, tree: Located): Problem {
  const node = nodeAt(tree, path);
  const found =
    node?.kind === 'scalar' && node.value !== null && !isPrivate(path) ? `found ${quote(node.source)}, ` : '';
  const odd = found === '' || node?.kind !== 'scalar' ? undefined : lookAlike(node.source);
  return { code: 'bad-value', path, reason: `${found}${message}`, ...(odd === undefined ? {} : { next: odd }) };
}

/** Letters of other alphabets look like the ones allowed, and control characters like nothing at all. */
function lookAlike(text: string): string | undefined {
  const index = [...text].findIndex((character) => !/^[ -~]$/.test(character));
  const code = [...text][index]?.codePointAt(0);
  if (code === undefined) return undefined;
  const named = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return `write character ${index + 1} anew: it is ${named}, whatever it looks like`;
}

/** Where a value may be secret, or become one. */
function isPrivate(path: Path): boolean {
  return (path[0] === 'services' || path[0] === 'plans') && path.slice(2).some((step) => privateFields.has(step));
}

const privateFields: ReadonlySet<string | number> = new Set([
  'secrets',
  'env',
  'args',
  'run',
  'command',
  'script',
  'files',
  'headers',
]);

function isAbsent(tree: Located, path: Path): boolean {
  return path.length > 0 && nodeAt(tree, path) === undefined;
}

function shown(path: Path, key: string | number | undefined): string {
  return quote(String(key ?? path.length));
}

function step(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part);
}
