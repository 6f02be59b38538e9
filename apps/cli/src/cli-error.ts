import { type ExitCode, exitCodes } from './exit-codes.ts';

export type CliErrorParts = {
  /** kebab-case. */
  readonly code: string;
  /** One sentence without a full stop. */
  readonly message: string;
  /** The next command to run, or what to do. */
  readonly next?: string;
  readonly trace?: string | null;
  readonly exitCode?: ExitCode;
  /** Whatever `-o json` is to show beside the sentence. */
  readonly details?: unknown;
};

/** What a command ends with when it cannot do what was asked: code, sentence, next step, trace id. */
export class CliError extends Error {
  readonly parts: CliErrorParts;

  constructor(parts: CliErrorParts) {
    super(parts.message);
    this.name = 'CliError';
    this.parts = parts;
  }

  get exitCode(): ExitCode {
    return this.parts.exitCode ?? exitCodes.failed;
  }
}
