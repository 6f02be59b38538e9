import { closureOf } from '@microstax/contracts/graph-requests';
import { notFound } from '../detail.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { printObject, strong, table } from '../output.ts';
import { ask, openSession } from '../session.ts';

/** Makes and keeps the closure of a generation; `-o json` and `-o yaml` carry the bytes of everything that it names. */
export async function closureCommand(env: string, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const whole = format === 'json' || format === 'yaml';
  const reply = await ask(session, closureOf, { env, at, whole });
  if (reply.kind === 'not found') throw notFound(reply, env);
  const { digest, bytes, activation, artifacts } = reply;
  const rows = artifacts.map((artifact) => [artifact.kind, artifact.digest]);
  const human = (): string => `${strong(digest)}  closure of ${activation}\n${table(['ARTIFACT', 'DIGEST'], rows)}`;
  process.stdout.write(
    printObject(format, { activation, closure: { digest, bytes }, artifacts }, human, `closure/${digest}`),
  );
}
