import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isToken } from '@microstax/model/names';
import { CliError } from '../cli-error.ts';
import { readCliEnv } from '../config.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Flags } from '../flags.ts';
import { readUpFile } from '../up-file.ts';

/** What follows the service's name; another service's may begin with it. */
const instanceOf = /^-[0-9a-f]+-\d+\.log$/;
const tailBytes = 64 * 1024;

/** The newest log of a service that runs as a local process on this machine. */
export async function logsCommand(env: string, service: string, _flags: Flags): Promise<void> {
  if (!isToken(env) || !isToken(service))
    throw new CliError({
      code: 'usage',
      message: `Cannot read the logs of ${JSON.stringify(`${env}/${service}`)}: names are 1 to 40 of a-z, 0-9 and "-"`,
      exitCode: exitCodes.usage,
    });
  const { dataDir } = readCliEnv();
  const folder = join(readUpFile(dataDir)?.data ?? dataDir, 'logs', env);
  const newest = logFiles(folder)
    .filter((name) => name.startsWith(`${service}-`) && instanceOf.test(name.slice(service.length)))
    .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at)[0];
  if (newest === undefined)
    throw new CliError({
      code: 'not-found',
      message: `There is no log of ${service} under ${folder}; it is inherited, or never ran here`,
      next: `msx explain ${env} ${service}`,
      exitCode: exitCodes.notFound,
    });
  process.stdout.write(readFileSync(join(folder, newest.name)).subarray(-tailBytes));
}

function logFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
