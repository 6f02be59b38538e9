import type { Limits } from './limits.ts';
import type { Located, LocatedEntry } from './located.ts';

/**
 * The nodes of a text that is JSON, in a twentieth of the time that reading it as YAML takes. Undefined where it is not,
 * or where anything has to be said of it: then it is read as the YAML that it is as well, which says what and where.
 */
export function locateJson(text: string, limits: Limits): Located | undefined {
  const scan: Scan = { text, at: 0, nodes: 0, limits };
  skipSpace(scan);
  if (text[scan.at] !== '{') return undefined;
  const node = value(scan, 1);
  skipSpace(scan);
  return scan.at === text.length ? node : undefined;
}

type Scan = { readonly text: string; at: number; nodes: number; readonly limits: Limits };

const [quoteMark, backslash, comma, colon] = ['"', '\\', ',', ':'].map((char) => char.charCodeAt(0));
const [openMap, closeMap, openList, closeList] = ['{', '}', '[', ']'].map((char) => char.charCodeAt(0));
const keyCharsMax = 1024; // YAML takes no longer one without a question mark

function value(scan: Scan, depth: number): Located | undefined {
  if (++scan.nodes > scan.limits.maxNodes || depth > scan.limits.maxDepth) return undefined;
  const code = scan.text.charCodeAt(scan.at);
  if (code === quoteMark) return textAt(scan);
  if (code === openMap) return map(scan, depth);
  if (code === openList) return list(scan, depth);
  return word(scan);
}

function map(scan: Scan, depth: number): Located | undefined {
  const at = scan.at++;
  const entries = new Map<string, LocatedEntry>();
  for (let first = true; ; first = false) {
    const next = afterSeparator(scan, closeMap, first);
    if (next === 'end') return { kind: 'map', at, entries };
    if (next === 'broken' || scan.text.charCodeAt(scan.at) !== quoteMark) return undefined;
    const keyAt = scan.at;
    const key = string(scan);
    if (key === undefined || key === '' || key === '__proto__' || key.length > keyCharsMax) return undefined;
    skipSpace(scan);
    if (entries.has(key) || scan.text.charCodeAt(scan.at++) !== colon) return undefined;
    skipSpace(scan);
    const node = value(scan, depth + 1);
    if (node === undefined) return undefined;
    entries.set(key, { keyAt, node });
  }
}

function list(scan: Scan, depth: number): Located | undefined {
  const at = scan.at++;
  const items: Located[] = [];
  for (let first = true; ; first = false) {
    const next = afterSeparator(scan, closeList, first);
    if (next === 'end') return { kind: 'list', at, items };
    const node = next === 'broken' ? undefined : value(scan, depth + 1);
    if (node === undefined) return undefined;
    items.push(node);
  }
}

/** Stands at the next item, or behind the end. */
function afterSeparator(scan: Scan, close: number | undefined, first: boolean): 'item' | 'end' | 'broken' {
  skipSpace(scan);
  if (scan.text.charCodeAt(scan.at) === close) {
    scan.at++;
    return 'end';
  }
  if (first) return 'item';
  if (scan.text.charCodeAt(scan.at++) !== comma) return 'broken';
  skipSpace(scan);
  return scan.text.charCodeAt(scan.at) === close ? 'broken' : 'item'; // YAML takes a last comma, JSON does not
}

function textAt(scan: Scan): Located | undefined {
  const { at } = scan;
  const text = string(scan);
  return text === undefined ? undefined : { kind: 'scalar', at, value: text, source: text };
}

function string(scan: Scan): string | undefined {
  const { text } = scan;
  const from = scan.at++;
  let escaped = false;
  for (;;) {
    const code = text.charCodeAt(scan.at++);
    if (code === quoteMark) break;
    if (Number.isNaN(code) || code < 0x20 || code === 0x7f) return undefined; // JSON takes the last one, YAML does not
    if (code !== backslash) continue;
    escaped = true;
    scan.at++;
  }
  const found = escaped ? unescaped(text.slice(from, scan.at)) : text.slice(from + 1, scan.at - 1);
  return found?.isWellFormed() && !found.includes('\0') ? found : undefined;
}

function unescaped(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function word(scan: Scan): Located | undefined {
  const { text, at } = scan;
  for (const [source, meaning] of words) {
    if (!text.startsWith(source, at)) continue;
    scan.at += source.length;
    return { kind: 'scalar', at, value: meaning, source: meaning === null ? '' : source };
  }
  number.lastIndex = at;
  const [source] = number.exec(text) ?? [];
  if (source === undefined) return undefined;
  scan.at += source.length;
  return { kind: 'scalar', at, value: Number(source), source };
}

const words = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

function skipSpace(scan: Scan): void {
  const { text } = scan;
  for (;;) {
    const code = text.charCodeAt(scan.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    scan.at++;
  }
}
