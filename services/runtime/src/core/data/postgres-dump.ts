// Owns: what the lines of a plain pg_dump are, and what sanitising makes of the rows in them.
// 1. Only rows are changed: a row is a line between `COPY … FROM stdin;` and `\.`, one field for each column named there.
// 2. A line that cannot be understood is refused, never let through.
import type { Sanitising } from '@microstax/model/revision';
import type { Column } from './classify-columns.ts';
import { type Keyed, sanitiseValue, type ValueKind, type ValueShape } from './sanitise-value.ts';

export type DumpLine =
  | { readonly kind: 'sql' }
  /** Rows of these columns follow; `at` is where the first of them stands in `columns`. */
  | { readonly kind: 'copy' }
  | { readonly kind: 'row'; readonly at: number; readonly count: number };

type Copying = { readonly at: number; readonly count: number };

/** Told every line of a dump in its order, it says what each is, and knows the columns that had rows by then. */
export class DumpScanner {
  readonly columns: Column[] = [];
  /** Values that stand in no column: they could not be sanitised. */
  hasLargeObjects = false;
  readonly #shapes = new Map<string, Pick<Column, 'shape' | 'required'>>();
  #table: string | undefined;
  #copy: Copying | undefined;

  next(line: string): DumpLine {
    if (this.#copy !== undefined) {
      if (line === '\\.') {
        this.#copy = undefined;
        return { kind: 'sql' };
      }
      return { kind: 'row', ...this.#copy };
    }
    if (this.#table !== undefined) this.#readColumn(line, this.#table);
    const head = /^COPY (.+) FROM stdin;$/.exec(line)?.[1];
    if (head !== undefined) return this.#begin(head);
    const created = /^CREATE (?:UNLOGGED )?TABLE (.+) \($/.exec(line)?.[1];
    if (created !== undefined) this.#table = identifiers(created)?.join('.');
    if (/^SELECT pg_catalog\.lo_/.test(line)) this.hasLargeObjects = true;
    return { kind: 'sql' };
  }

  #begin(head: string): DumpLine {
    const [name = '', list = ''] = split(head);
    const [table = '', schema] = (identifiers(name) ?? []).toReversed();
    const names = identifiers(list, ',');
    if (table === '' || names === undefined) throw new UnreadableDump(`its rows are headed by ${JSON.stringify(head)}`);
    const at = this.columns.length;
    for (const column of names) {
      const known = this.#shapes.get(`${schema}.${table}|${column}`);
      const { shape, required } = known ?? { shape: { kind: 'other' }, required: false };
      this.columns.push({ ...(schema === undefined ? {} : { schema }), table, column, shape, required });
    }
    this.#copy = { at, count: names.length };
    return { kind: 'copy' };
  }

  #readColumn(line: string, table: string): void {
    if (/^\)/.test(line)) {
      this.#table = undefined;
      return;
    }
    const [, name, type] = /^ {4}("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*) (.+?),?$/.exec(line) ?? [];
    if (name === undefined || type === undefined || name === 'CONSTRAINT') return;
    const key = `${table}|${unquoted(name)}`;
    if (!this.#shapes.has(key)) this.#shapes.set(key, { shape: shapeOf(type), required: / NOT NULL\b/.test(type) });
  }
}

export class UnreadableDump extends Error {
  constructor(why: string) {
    super(`Cannot read the dump: ${why}`);
    this.name = 'UnreadableDump';
  }
}

/** A row with each field as its column's way makes it. Throws `UnreadableDump` where the fields are not those of its head. */
export function sanitiseRow(
  row: string,
  { at, count }: { readonly at: number; readonly count: number },
  {
    columns,
    ways,
    keyed,
  }: { readonly columns: readonly Column[]; readonly ways: readonly Sanitising[]; readonly keyed: Keyed },
): string {
  const fields = row === '' && count === 0 ? [] : row.split('\t');
  if (fields.length !== count) throw new UnreadableDump(`a row has ${fields.length} fields for ${count} columns`);
  return fields
    .map((field, index) => {
      const [way, column] = [ways[at + index], columns[at + index]];
      if (way === undefined || column === undefined) throw new UnreadableDump('a row stands under no head');
      if (way === 'keep' || field === nothing) return field;
      const value = sanitiseValue(way, decoded(field), column.shape, keyed);
      return value === null ? nothing : encoded(value);
    })
    .join('\t');
}

const nothing = '\\N';

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const codes = new Map(Object.entries(escapes).map(([letter, char]) => [char, `\\${letter}`]));

function decoded(field: string): string {
  return field.replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter);
}

function encoded(value: string): string {
  return value.replace(/[\\\b\f\n\r\t\v]/g, (char) => codes.get(char) ?? '\\\\');
}

function shapeOf(type: string): ValueShape {
  const sized = /^(?:character varying|character)\((\d+)\)(?!\[)/.exec(type)?.[1];
  if (sized !== undefined) return { kind: 'text', charsMax: Number(sized) };
  return { kind: kindOf(type.replace(/ (?:DEFAULT|NOT NULL|COLLATE|GENERATED|CONSTRAINT)\b.*$/, '')) };
}

function kindOf(type: string): ValueKind {
  switch (type) {
    case 'text':
    case 'character varying':
    case 'public.citext':
      return 'text';
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'uuid':
      return type;
    default:
      return 'other';
  }
}

/** `public."Odd (name)" (a, b)` as its two halves. */
function split(head: string): readonly [string, string] {
  const open = /^((?:"(?:[^"]|"")*"|[^"(])+?) \((.*)\)$/s.exec(head);
  return open ? [open[1] ?? '', open[2] ?? ''] : [head, ''];
}

/** Names between dots, or between commas; undefined where something else stands there. */
function identifiers(text: string, between: '.' | ',' = '.'): readonly string[] | undefined {
  if (text === '') return [];
  const names = text.match(/"(?:[^"]|"")*"|[^".,\s]+/g) ?? [];
  return names.join(between === '.' ? '.' : ', ') === text ? names.map(unquoted) : undefined;
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
