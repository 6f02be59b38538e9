import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Flags } from '../flags.ts';

/** What can be checked of an environment that runs. */
export async function checkCommand(what: string, env: string, flags: Flags): Promise<void> {
  if (what === 'propagation') return (await import('./check-propagation.ts')).checkPropagationCommand(env, flags);
  throw new CliError({
    code: 'usage',
    message: `Cannot check ${JSON.stringify(what)}: allowed is propagation`,
    exitCode: exitCodes.usage,
  });
}
