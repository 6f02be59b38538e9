import type { Sanitising, SnapshotSpec } from '@microstax/model/revision';
import { type ValueShape, whyNot } from './sanitise-value.ts';

export type Column = {
  /** Absent where the database has none. */
  readonly schema?: string;
  readonly table: string;
  readonly column: string;
  readonly shape: ValueShape;
  /** It may not be null. */
  readonly required: boolean;
};

/** `sanitise` and `unclassified` of a snapshot. */
export type Rules = Pick<SnapshotSpec, 'sanitise' | 'unclassified'>;

export type Classified =
  /** In the order of the columns. */
  | { readonly kind: 'classified'; readonly ways: readonly Sanitising[] }
  | { readonly kind: 'refused'; readonly reason: string };

const shownMax = 5;

/**
 * What becomes of each column. Refused where a column has no rule and that is not allowed, a rule cannot be followed, or a
 * rule is about a column that its table does not have, which is a slip that would let values through. `isWhole`: no other
 * service can have the tables that the rules name.
 */
export function classifyColumns(columns: readonly Column[], rules: Rules, isWhole: boolean): Classified {
  const sanitise = rules.sanitise ?? {};
  const ways = columns.map((column): Sanitising | undefined => ruleOf(sanitise, column));
  const problems = [
    ...unknownRules(sanitise, columns, isWhole),
    ...columns.flatMap((column, index) => {
      const why = whyNot(ways[index] ?? 'keep', column.shape, column.required);
      return why === undefined ? [] : [`Cannot ${ways[index]} ${nameOf(column)}: ${why}`];
    }),
  ];
  const open = rules.unclassified === 'allow' ? [] : columns.filter((_, index) => ways[index] === undefined);
  if (open.length > 0)
    problems.push(
      `${some(open.map(nameOf))} ${open.length === 1 ? 'is' : 'are'} not classified; name ${open.length === 1 ? 'it' : 'them'} under snapshot.sanitise (keep, mask, hash, fake, redact, nullify), or say unclassified: allow there`,
    );
  if (problems.length > 0) return { kind: 'refused', reason: some(problems, '; ') };
  return { kind: 'classified', ways: ways.map((way) => way ?? 'keep') };
}

/** `12 columns of 3 tables sanitised`. */
export function sanitisedWords(columns: readonly Column[], ways: readonly Sanitising[]): string {
  const changed = columns.filter((_, index) => ways[index] !== 'keep');
  const tables = new Set(changed.map(({ schema, table }) => `${schema}.${table}`)).size;
  return `${count(changed.length, 'column')} of ${count(tables, 'table')} sanitised`;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

// With a schema first: who says it means it.
function ruleOf(
  sanitise: Readonly<Record<string, Sanitising>>,
  { schema, table, column }: Column,
): Sanitising | undefined {
  const exact = schema === undefined ? undefined : own(sanitise, `${schema}.${table}.${column}`);
  return exact ?? own(sanitise, `${table}.${column}`);
}

function own(sanitise: Readonly<Record<string, Sanitising>>, key: string): Sanitising | undefined {
  return Object.hasOwn(sanitise, key) ? sanitise[key] : undefined;
}

function unknownRules(
  sanitise: Readonly<Record<string, Sanitising>>,
  columns: readonly Column[],
  isWhole: boolean,
): string[] {
  const both = (one: Column, withColumn: boolean): string[] => {
    const end = withColumn ? `${one.table}.${one.column}` : one.table;
    return one.schema === undefined ? [end] : [end, `${one.schema}.${end}`];
  };
  const known = new Set(columns.flatMap((one) => both(one, true)));
  const tables = new Set(columns.flatMap((one) => both(one, false)));
  return Object.keys(sanitise).flatMap((rule) => {
    const table = rule.slice(0, rule.lastIndexOf('.'));
    if (known.has(rule) || (!isWhole && !tables.has(table))) return [];
    return [`snapshot.sanitise names ${rule}, and there is no such ${tables.has(table) ? 'column' : 'table'}`];
  });
}

function nameOf({ schema, table, column }: Column): string {
  return schema === undefined || schema === 'public' ? `${table}.${column}` : `${schema}.${table}.${column}`;
}

function some(words: readonly string[], between = ', '): string {
  const more = words.length - shownMax;
  return words.slice(0, shownMax).join(between) + (more > 0 ? `${between}and ${more} more` : '');
}
