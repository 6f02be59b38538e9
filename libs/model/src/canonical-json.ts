/** A value that canonical JSON can hold. Members that are `undefined` are left out, as if they were absent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * RFC 8785 canonical JSON: keys sorted by UTF-16 code units, no white space, `-0` as `0`.
 * Throws a `TypeError` on whatever has no canonical form: non-finite numbers, lone surrogates, BigInt, class instances.
 */
export function canonicalJson(value: unknown): string {
  const sorted = inOrder(value);
  if (sorted !== notHere) {
    // Written by the engine, which is several times faster. It writes a lone surrogate as an escape.
    const text = JSON.stringify(sorted);
    if (!text.includes('\\ud')) return text;
  }
  return write(value, '');
}

/** Something that only the slow way can write, or name what is wrong with it. */
const notHere = Symbol('the slow way');

/** The value with its keys in order, for the engine to write; the very same value where they are. */
function inOrder(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : notHere;
  if (typeof value !== 'object') return notHere;
  if (Array.isArray(value)) return itemsInOrder(value);
  return isPlain(value) ? membersInOrder(value as Record<string, unknown>) : notHere;
}

function itemsInOrder(items: readonly unknown[]): unknown {
  let changed: unknown[] | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const item = inOrder(items[index]);
    if (item === notHere) return notHere;
    if (item !== items[index]) changed ??= [...items];
    if (changed !== undefined) changed[index] = item;
  }
  return changed ?? items;
}

function membersInOrder(value: Record<string, unknown>): unknown {
  const keys = Object.keys(value);
  const isSorted = keys.every((key, index) => index === 0 || (keys[index - 1] as string) < key);
  const sorted = isSorted ? keys : keys.toSorted();
  // The engine moves keys that are numbers to the front, and sets a prototype by one name.
  if (sorted.some((key) => isIndex(key) || key === '__proto__' || key === 'toJSON')) return notHere;
  const ordered: Record<string, unknown> = {};
  let same = isSorted;
  for (const key of sorted) {
    const member = value[key];
    if (member === undefined) continue; // left out by the engine as well
    const inner = inOrder(member);
    if (inner === notHere) return notHere;
    if (inner !== member) same = false;
    ordered[key] = inner;
  }
  return same ? value : ordered;
}

function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value, path);
  if (typeof value === 'string') return writeString(value, path);
  if (Array.isArray(value)) return `[${value.map((item, index) => write(item, `${path}/${index}`)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) return writeObject(value as Record<string, unknown>, path);
  throw new TypeError(`Cannot write ${typeof value} at "${path}" as canonical JSON`);
}

function writeNumber(value: number, path: string): string {
  if (!Number.isFinite(value)) throw new TypeError(`Cannot write ${value} at "${path}" as canonical JSON`);
  return Object.is(value, -0) ? '0' : JSON.stringify(value);
}

function writeString(value: string, path: string): string {
  if (!value.isWellFormed()) throw new TypeError(`Cannot write a lone surrogate at "${path}" as canonical JSON`);
  return JSON.stringify(value);
}

function writeObject(value: Record<string, unknown>, path: string): string {
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    if (value[key] === undefined) continue;
    members.push(`${writeString(key, path)}:${write(value[key], `${path}/${key}`)}`);
  }
  return `{${members.join(',')}}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
