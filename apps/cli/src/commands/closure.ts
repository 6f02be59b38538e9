import { closureOf } from '@microstax/contracts/graph-requests';
import { CliError } from '../cli-error.ts';
import { type ClosureFile, readClosureFile } from '../closure-file.ts';
import { notFound, readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { type OutputFormat, printObject, strong, table } from '../output.ts';
import { ask, openSession, type Session } from '../session.ts';

/**
 * Makes and keeps the closure of a generation; `-o json` and `-o yaml` carry the bytes of everything that it names. With
 * a file: takes a closure that was printed elsewhere, so that a Blueprint may name it here.
 */
export async function closureCommand(env: string | undefined, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  const taken = typeof flags.file === 'string' ? readClosureFile(flags.file) : undefined;
  if ((taken === undefined) === (env === undefined))
    throw new CliError({
      code: 'usage',
      message: 'Cannot tell which closure is meant: expected an environment, or one file',
      next: 'msx closure <env>, or msx closure -f <file>',
      exitCode: exitCodes.usage,
    });
  await using session = await openSession(orgOf(flags));
  const printed = taken ? await take(session, taken, format) : await make(session, { env: env ?? '', at, format });
  process.stdout.write(printed);
}

/** Throws `CliError` where there is no such generation, or it is not kept any more. */
export async function make(
  session: Session,
  { env, at, format }: { env: string; at: number | undefined; format: OutputFormat },
): Promise<string> {
  const whole = format === 'json' || format === 'yaml';
  const reply = await ask(session, closureOf, { env, at, whole });
  if (reply.kind === 'not found') {
    await readDetail(session, env, at); // a read knows whether it was once kept
    throw notFound(reply, env);
  }
  const { digest, bytes, activation, artifacts } = reply;
  const rows = artifacts.map((artifact) => [artifact.kind, artifact.digest]);
  const human = (): string => `${strong(digest)}  closure of ${activation}\n${table(['ARTIFACT', 'DIGEST'], rows)}`;
  return printObject(format, { activation, closure: { digest, bytes }, artifacts }, human, `closure/${digest}`);
}

/** Into the object store of the bus, where intake looks for what its graph does not keep. */
async function take(session: Session, { env, digest, artifacts }: ClosureFile, format: OutputFormat): Promise<string> {
  for (const artifact of artifacts) await session.bus.putObject(artifact.digest, artifact.bytes);
  const parts = artifacts.map(({ kind, digest: part }) => ({ kind, digest: part }));
  const human = (): string => `${strong(digest)}  closure of ${env}, ${parts.length} artifacts taken\n`;
  return printObject(format, { env, closure: { digest }, artifacts: parts }, human, `closure/${digest}`);
}
