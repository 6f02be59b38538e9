import type { EnvironmentDetail } from '@microstax/contracts/queries';
import { blueprintSubject } from '@microstax/contracts/subjects';
import { isToken } from '@microstax/model/names';
import type { Revision } from '@microstax/model/revision';
import { CliError } from '../cli-error.ts';
import { artifactOf, readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf, waitTimeoutMsOf } from '../flags.ts';
import { followActivation } from '../follow.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkAnswer, checkOutcome } from '../outcome.ts';
import { printObject } from '../output.ts';
import { openSession } from '../session.ts';
import { submit } from '../submit.ts';

const replicasMax = 100; // as the Blueprint's

/**
 * Declares another number of replicas: the Blueprint of the newest generation with that one change, submitted like any
 * other (decision 16), so that what runs is what is declared.
 */
export async function scaleCommand(env: string, service: string, count: string, flags: Flags): Promise<void> {
  const replicas = replicasOf(count);
  if (!isToken(env) || !isToken(service))
    throw usage(`Cannot scale ${JSON.stringify(`${env}/${service}`)}: a name is 1 to 40 of a-z, 0-9 and "-"`);
  const [format, timeoutMs] = [outputOf(flags), waitTimeoutMsOf(flags)];
  await using session = await openSession(orgOf(flags));
  const { status } = await readDetail(session, env, undefined);
  const from = { env, generation: status.head?.generation ?? status.generation };
  refuseUnscalable(await readDetail(session, env, from.generation), service);
  using interrupt = onInterrupt(`scale of ${env}`, `msx status ${env}`);
  const progress = (line: string): void => void process.stderr.write(`${env}: ${line}\n`);
  const body = JSON.stringify({ from, changes: { services: { [service]: { replicas } } } });
  const { answer } = await interrupt.guard(
    submit(session, {
      env,
      subject: blueprintSubject({ org: session.org, env }),
      body: Buffer.from(body),
      signal: interrupt.signal,
      onSubmitted: (id) => progress(`scale submitted as ${id}`),
    }),
  );
  checkAnswer(answer, { env });
  const generation = 'generation' in answer ? answer.generation : null;
  if (generation === null)
    throw new CliError({ code: 'outdated', message: `scale of ${env} is outdated: a newer submission came first` });
  if (flags.wait === true) {
    const follow = { env, generation, timeoutMs, progress, signal: interrupt.signal };
    checkOutcome(await interrupt.guard(followActivation(session, follow)));
  }
  const done = { env, service, replicas, answer: answer.kind, generation, waited: flags.wait === true };
  const words = `service/${env}/${service} has ${replicas} replicas ${flags.wait === true ? 'now' : 'wanted'}, generation ${generation}\n`;
  process.stdout.write(printObject(format, done, () => words, `service/${env}/${service}`));
}

/**
 * A number alone declares no service: of one that is inherited it would make a service without anything that runs, and
 * of a deleted environment a new one.
 */
export function refuseUnscalable(detail: EnvironmentDetail, service: string): void {
  const { env, wanted } = detail.status;
  if (wanted === 'deleted')
    throw new CliError({
      code: 'not-found',
      message: `Cannot scale ${JSON.stringify(`${env}/${service}`)}: ${JSON.stringify(env)} is deleted`,
      next: `apply the Blueprint of ${JSON.stringify(env)} again`,
      exitCode: exitCodes.notFound,
    });
  const { services } = artifactOf<Revision>(detail, 'revision');
  const own = services.filter(({ kind }) => kind === 'run').map(({ name }) => name);
  if (own.includes(service)) return;
  throw new CliError({
    code: 'not-found',
    message: `Cannot scale ${JSON.stringify(`${env}/${service}`)}: ${env} declares no service of its own with that name; it declares: ${own.join(', ') || 'none'}`,
    next: `scale it where it is declared (msx graph ${env}), or declare it in the Blueprint of ${env}`,
    exitCode: exitCodes.notFound,
  });
}

function replicasOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= replicasMax) return count;
  throw usage(`Cannot scale to ${JSON.stringify(text)}: allowed are 0 to ${replicasMax}`);
}

function usage(message: string): CliError {
  return new CliError({ code: 'usage', message, next: 'msx scale <env> <service> <n>', exitCode: exitCodes.usage });
}
