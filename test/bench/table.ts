import type { Row } from './bench.ts';

const columns = ['name', 'n', 'unit', 'p50', 'p99', 'floor', 'ratio'] as const;

/** Rows as a person reads them. */
export function asTable(rows: readonly Row[]): string {
  const cells = [[...columns], ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => (line[index] as string).length)));
  return cells
    .map((line) =>
      line
        .map((text, index) => align(text, widths[index] as number, index))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One object a line, its keys always the same. */
export function asJsonLines(rows: readonly Row[]): string {
  return rows
    .map((row) => JSON.stringify(Object.fromEntries(columns.map((column) => [column, rounded(row[column])]))))
    .join('\n');
}

function cell(value: string | number | null): string {
  return value === null ? '-' : String(rounded(value));
}

function rounded<T>(value: T): T | number {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

function align(text: string, width: number, column: number): string {
  return columns[column] === 'name' || columns[column] === 'unit' ? text.padEnd(width) : text.padStart(width);
}
