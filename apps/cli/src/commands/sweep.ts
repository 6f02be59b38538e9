import { type Orphan, sweep } from '@microstax/contracts/runtime-requests';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf } from '../flags.ts';
import { type Column, printListing } from '../output.ts';
import { ask, openSession } from '../session.ts';

/** Lists what a runtime left behind and nobody owns; with `--yes` removes it. Exit code 1 where something stayed. */
export async function sweepCommand(flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const remove = flags.yes === true;
  if (flags.folders === true && !remove)
    throw new CliError({
      code: 'usage',
      message: 'Cannot remove folders without --yes',
      next: 'msx sweep lists them; msx sweep --yes --folders removes them',
      exitCode: exitCodes.usage,
    });
  await using session = await openSession(orgOf(flags));
  const reply = await ask(session, sweep, { remove, folders: flags.folders === true }, sweepTimeoutMs);
  if (reply.kind === 'not realised')
    throw new CliError({
      code: 'not-realisable',
      message: `Cannot sweep: driver "${reply.driver}" leaves nothing that could be told from what others own`,
    });
  const { orphans, host, dataDir } = reply;
  process.stdout.write(printListing(format, { items: orphans, columns, name: nameOf }));
  const left = orphans.filter(({ outcome }) => outcome !== 'removed');
  process.stderr.write(`${sentenceOf(orphans.length, left.length, remove)} on ${host} below ${dataDir}\n`);
  if (remove && left.length > 0) process.exitCode = exitCodes.failed;
}

const sweepTimeoutMs = 120_000; // a process is given time to end by itself

const columns: readonly Column<Orphan>[] = [
  { head: 'KIND', of: ({ kind }) => kind },
  { head: 'ENVIRONMENT', of: ({ env }) => env },
  { head: 'NAME', of: ({ name }) => name },
  { head: 'PID', of: ({ pid }) => pid },
  { head: 'REASON', of: ({ reason }) => reason },
  { head: 'OUTCOME', of: ({ outcome }) => outcome },
];

function nameOf({ kind, env, name }: Orphan): string {
  return `${kind}/${env}/${name}`;
}

function sentenceOf(count: number, left: number, remove: boolean): string {
  if (count === 0) return 'nothing is left over';
  if (!remove) return `${count} found, nothing removed (msx sweep --yes removes them)`;
  return `${count - left} of ${count} removed`;
}
