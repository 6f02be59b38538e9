import { isToken } from '@microstax/model/names';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';

export type EnvAt = { readonly env: string; readonly at?: number | undefined };

/** `shop` or `shop@3`; a generation of its own counts more than the one that `--at` gives to all. */
export function readEnvAt(written: string, at?: number): EnvAt {
  const [env = '', generation, more] = written.split('@');
  const own = generation === undefined ? at : Number(generation);
  if (more === undefined && isToken(env) && (own === undefined || (Number.isSafeInteger(own) && own >= 1)))
    return { env, at: own };
  throw new CliError({
    code: 'usage',
    message: `Cannot read ${JSON.stringify(written)}: expected an environment, or <env>@<generation>`,
    exitCode: exitCodes.usage,
  });
}
