import { ConfigError } from '@microstax/service/env';
import { CliError } from './cli-error.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { clean } from './output.ts';

/** Prints an error for people on stderr, or as an object on stdout with `-o json`; returns the exit code. */
export function reportError(error: unknown, argv: readonly string[]): ExitCode {
  const known = asCliError(error);
  const { code, message, next, trace, details } = known.parts;
  if (wantsJson(argv))
    process.stdout.write(
      `${JSON.stringify({ error: { code, message, next: next ?? null, trace: trace ?? null, details: details ?? null } }, null, 2)}\n`,
    );
  process.stderr.write(`error: ${clean(message)}\n`);
  if (next) process.stderr.write(`  next: ${clean(next)}\n`);
  if (trace) process.stderr.write(`  trace: msx trace ${trace}\n`);
  return known.exitCode;
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigError) return new CliError({ code: 'bad-setting', message, exitCode: exitCodes.usage });
  return new CliError({ code: 'defect', message });
}

function wantsJson(argv: readonly string[]): boolean {
  return (
    argv.some(
      (word, index) =>
        word === '-ojson' ||
        word === '--output=json' ||
        ((word === '-o' || word === '--output') && argv[index + 1] === 'json'),
    ) || process.env.MSX_OUTPUT === 'json'
  );
}

/** Ctrl-C while waiting: nothing is undone, the activation goes on. */
export function interrupted(what: string, next: string): CliError {
  return new CliError({
    code: 'interrupted',
    message: `Stopped waiting for ${what}; it goes on`,
    next,
    exitCode: exitCodes.interrupted,
  });
}
