import { CliError } from './cli-error.ts';
import { readCliEnv } from './config.ts';
import { exitCodes } from './exit-codes.ts';
import { type OutputFormat, parseOutput } from './output.ts';

export type Flags = Readonly<Record<string, unknown>>;

/** Flag over environment variable over default; `drawings` are what the command prints beside the usual formats. */
export function outputOf<Drawn extends string = never>(
  flags: Flags,
  fallback: OutputFormat = 'table',
  drawings: readonly Drawn[] = [],
): OutputFormat | Drawn {
  const asked = flags.output ?? readCliEnv().output;
  return typeof asked === 'string' ? parseOutput(asked, drawings) : fallback;
}

export function orgOf(flags: Flags): { org?: string } {
  return typeof flags.org === 'string' ? { org: flags.org } : {};
}

export function generationOf(flags: Flags): number | undefined {
  if (flags.at === undefined) return undefined;
  return wholeNumber('--at', flags.at, 'a generation: 1, 2, 3 …');
}

export function waitTimeoutMsOf(flags: Flags): number {
  return wholeNumber('--wait-timeout', flags.waitTimeout ?? '300', 'whole seconds') * 1000;
}

/** A number from 1; undefined where nothing is given. */
export function countOf(flag: string, value: unknown): number | undefined {
  return value === undefined ? undefined : wholeNumber(flag, value, 'a number: 1, 2, 3 …');
}

function wholeNumber(flag: string, value: unknown, allowed: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new CliError({
    code: 'usage',
    message: `Cannot read ${flag} ${JSON.stringify(value)}: allowed is ${allowed}`,
    exitCode: exitCodes.usage,
  });
}
