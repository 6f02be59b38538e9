import type { Located, LocatedMap, LocatedScalar } from '../located.ts';
import { kindOf } from '../located.ts';
import type { Complaints } from './complaints.ts';

/** Readers of located trees that complain where a node is of another kind than wanted. `at` and `path` say whose. */
export type Reading = { readonly complaints: Complaints };

export function child(node: Located | undefined, key: string): Located | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.node : undefined;
}

export function isNothing(node: Located | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

export function asMap(node: Located | undefined, path: string, { complaints }: Reading): LocatedMap | undefined {
  if (node === undefined || isNothing(node)) return undefined;
  if (node.kind === 'map') return node;
  wrong(node, path, 'a map', complaints);
  return undefined;
}

export function asList(node: Located | undefined, path: string, { complaints }: Reading): readonly Located[] {
  if (node === undefined || isNothing(node)) return [];
  if (node.kind === 'list') return node.items;
  wrong(node, path, 'a list', complaints);
  return [];
}

/** A text, a number or a boolean, as it was written. */
export function asText(node: Located | undefined, path: string, { complaints }: Reading): string | undefined {
  if (node === undefined || isNothing(node)) return undefined;
  if (node.kind === 'scalar') return node.source;
  wrong(node, path, 'a text', complaints);
  return undefined;
}

/** A whole number within bounds, also where it is written as a text. */
export function asInteger(
  node: Located | undefined,
  path: string,
  { complaints }: Reading,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (node === undefined || isNothing(node)) return undefined;
  const number = node.kind === 'scalar' && /^\d{1,15}$/.test(node.source) ? Number(node.source) : Number.NaN;
  if (number >= min && number <= max) return number;
  complaints.add({
    code: 'bad-value',
    path,
    at: node.at,
    reason: `expected a whole number from ${min} to ${max}, found ${found(node)}`,
  });
  return undefined;
}

export function asBoolean(node: Located | undefined, path: string, { complaints }: Reading): boolean | undefined {
  if (node === undefined || isNothing(node)) return undefined;
  if (node.kind === 'scalar' && /^(true|false)$/.test(node.source)) return node.source === 'true';
  complaints.add({ code: 'wrong-type', path, at: node.at, reason: `expected true or false, found ${kindOf(node)}` });
  return undefined;
}

export function scalarOf(node: Located | undefined): LocatedScalar | undefined {
  return node?.kind === 'scalar' ? node : undefined;
}

function wrong(node: Located, path: string, wanted: string, complaints: Complaints): void {
  complaints.add({ code: 'wrong-type', path, at: node.at, reason: `expected ${wanted}, found ${kindOf(node)}` });
}

function found(node: Located): string {
  return node.kind === 'scalar' ? 'something else' : kindOf(node);
}
