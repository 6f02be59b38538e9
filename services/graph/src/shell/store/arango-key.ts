// Owns: how a key of ours stands in ArangoDB. Our keys hold "/", ":" and free text and may be long, while a `_key` has
// 254 bytes of few characters, so `_key` is a digest of the key, and the order of keys is kept by an attribute of its own.
// ArangoDB compares strings by the collation of the server's language, which puts ":" before "9" and may put "aa" after
// "z". Digits alone have one order in every language, so that attribute holds nothing else.
import { hash } from 'node:crypto';
import type { ScanRange } from './graph-store.ts';

const firstPrintable = 0x20;
const lastPrintable = 0x7e;
const lowEscape = '00'; // then two digits: bytes below " "
const highEscape = '96'; // then three digits: bytes above "~"
const beyondEveryCode = '99';

/** The `_key` of a document: lower-case hexadecimal of a digest, equal only for equal keys. */
export function documentKey(key: string): string {
  requireWellFormed(key);
  return hash('sha256', key, 'hex');
}

/**
 * The key in digits: two for a printable ASCII character, more for any other byte of UTF-8. Its order is the order of
 * the keys' bytes, and the encoding of a prefix is a prefix of the encoding. Throws on a lone surrogate.
 */
export function sortKey(key: string): string {
  requireWellFormed(key);
  let digits = '';
  for (const byte of Buffer.from(key)) {
    if (byte < firstPrintable) digits += lowEscape + pad(byte, 2);
    else if (byte > lastPrintable) digits += highEscape + pad(byte, 3);
    else digits += pad(byte - firstPrintable + 1, 2);
  }
  return digits;
}

/** The key that a sort key was made from. Throws on digits that `sortKey` never gives. */
export function keyOfSortKey(digits: string): string {
  const bytes: number[] = [];
  for (const [, low, high, code] of digits.matchAll(/00(\d\d)|96(\d{3})|(\d\d)/g))
    bytes.push(Number(low ?? high ?? firstPrintable - 1 + Number(code)));
  const key = Buffer.from(bytes).toString();
  if (sortKey(key) !== digits) throw new TypeError(`Cannot read sort key "${digits}": it is not one of ours`);
  return key;
}

/** Bounds of a scan among sort keys: `from` is inside, `end` is not. */
export function scanBounds({ prefix, after, reverse = false }: ScanRange): {
  readonly from: string;
  readonly end: string;
} {
  const first = sortKey(prefix);
  const end = first + beyondEveryCode;
  if (after === undefined) return { from: first, end };
  const at = sortKey(after);
  // No sort key lies between `at` and `at` with one digit more, since every code has at least two.
  return reverse ? { from: first, end: lesser(at, end) } : { from: greater(`${at}0`, first), end };
}

function lesser(a: string, b: string): string {
  return a < b ? a : b;
}

function greater(a: string, b: string): string {
  return a > b ? a : b;
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}

function requireWellFormed(key: string): void {
  if (!key.isWellFormed()) throw new TypeError(`Cannot store key ${JSON.stringify(key)}: it holds half a character`);
}
