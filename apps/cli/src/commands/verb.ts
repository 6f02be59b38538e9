import { commandSubject } from '@microstax/contracts/subjects';
import { isToken } from '@microstax/model/names';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf, waitTimeoutMsOf } from '../flags.ts';
import { followActivation } from '../follow.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkAnswer, checkOutcome } from '../outcome.ts';
import { printObject } from '../output.ts';
import { openSession } from '../session.ts';
import { submit } from '../submit.ts';

/** `stop`, `resume`, `retry` and `delete` go to the graph and take the way of every change. */
export async function verbCommand(verb: string, env: string, flags: Flags): Promise<void> {
  if (!isToken(env))
    throw new CliError({
      code: 'usage',
      message: `Cannot ${verb} ${JSON.stringify(env)}: an environment is 1 to 40 of a-z, 0-9 and "-"`,
      next: 'msx get environments',
      exitCode: exitCodes.usage,
    });
  const [format, timeoutMs] = [outputOf(flags), waitTimeoutMsOf(flags)]; // a mistake in them is said before anything changes
  await using session = await openSession(orgOf(flags));
  using interrupt = onInterrupt(`${verb} of ${env}`, `msx status ${env}`);
  const progress = (line: string): void => void process.stderr.write(`${env}: ${line}\n`);
  const body = flags.cascade === true ? JSON.stringify({ cascade: true }) : '';
  const subject = commandSubject({ service: 'graph', org: session.org, env, verb });
  const { answer } = await interrupt.guard(
    submit(session, {
      env,
      subject,
      body: Buffer.from(body),
      signal: interrupt.signal,
      onSubmitted: (id) => progress(`${verb} submitted as ${id}`),
    }),
  );
  checkAnswer(answer, { env });
  const generation = 'generation' in answer ? answer.generation : null;
  if (generation === null)
    throw new CliError({ code: 'outdated', message: `${verb} of ${env} is outdated: a newer submission came first` });
  if (flags.wait === true)
    checkOutcome(
      await interrupt.guard(
        followActivation(session, {
          env,
          generation,
          timeoutMs,
          progress,
          signal: interrupt.signal,
        }),
      ),
    );
  const done = { env, verb, answer: answer.kind, generation, waited: flags.wait === true };
  process.stdout.write(
    printObject(
      format,
      done,
      () => `environment/${env} ${verb} ${flags.wait === true ? 'done' : 'accepted'}, generation ${generation}\n`,
      `environment/${env}`,
    ),
  );
}
