import { styleText } from 'node:util';
import { stringify } from 'yaml';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';

export const outputFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** One column of a table; `wide` ones are shown by `-o wide` only. */
export type Column<T> = {
  readonly head: string;
  readonly of: (item: T) => string | number | null | undefined;
  readonly wide?: boolean;
};
export type Listing<T> = {
  readonly items: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly name: (item: T) => string;
};

/** A format by its name; some commands also draw. Throws `CliError` (usage) for any other name. */
export function parseOutput<Drawn extends string = never>(
  text: string,
  drawings: readonly Drawn[] = [],
): OutputFormat | Drawn {
  const allowed = [...outputFormats, ...drawings];
  const format = allowed.find((one) => one === text);
  if (format === undefined)
    throw new CliError({
      code: 'usage',
      message: `Cannot print as ${JSON.stringify(text)}: allowed are ${allowed.join(', ')}`,
      exitCode: exitCodes.usage,
    });
  return format;
}

/** A list in the asked format; data only, one trailing newline. */
export function printListing<T>(format: OutputFormat, { items, columns, name }: Listing<T>): string {
  if (format === 'json') return `${JSON.stringify(items, null, 2)}\n`;
  if (format === 'yaml') return stringify(items);
  if (format === 'name') return items.map((item) => `${name(item)}\n`).join('');
  const shown = columns.filter((column) => format === 'wide' || column.wide !== true);
  return table(
    shown.map(({ head }) => head),
    items.map((item) => shown.map(({ of }) => text(of(item)))),
  );
}

/** One object in the asked format; `human` draws it for people. */
export function printObject<T>(format: OutputFormat, item: T, human: (item: T) => string, name: string): string {
  if (format === 'json') return `${JSON.stringify(item, null, 2)}\n`;
  if (format === 'yaml') return stringify(item);
  if (format === 'name') return `${name}\n`;
  return human(item);
}

/** kubectl's table: columns padded, three spaces apart. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => printable(row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === cells.length - 1
          ? cell
          : cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - printable(cell).length)),
      )
      .join('   ');
  return [line(heads), ...rows.map(line)].map((one) => `${one.trimEnd()}\n`).join('');
}

export function text(value: string | number | null | undefined): string {
  return value === null || value === undefined || value === '' ? '-' : clean(String(value));
}

/** What a user typed may hold control characters; a terminal never gets them. */
export function clean(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return value.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** What a parser says first; the lines after it draw the place once more. */
export function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/:$/, '');
}

export function dim(value: string): string {
  return styleText('dim', value, { stream: process.stdout });
}
export function strong(value: string): string {
  return styleText('bold', value, { stream: process.stdout });
}

/** Micro-dollars as dollars, without floating surprises. */
export function dollars(micros: number): string {
  const sign = micros < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(micros) / 1_000_000);
  const rest = String(Math.abs(micros) % 1_000_000).padStart(6, '0');
  return `${sign}$${whole}.${rest.replace(/0{1,4}$/, '')}`;
}

export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}

function printable(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes have no width
  return value.replace(/\u001b\[[0-9;]*m/g, '');
}
