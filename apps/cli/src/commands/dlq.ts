import type { StoredMessage } from '@microstax/bus/bus';
import { headerNames } from '@microstax/contracts/header-names';
import { commandSubject, filters, type ParsedSubject, parseSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf, waitTimeoutMsOf } from '../flags.ts';
import { followActivation } from '../follow.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkAnswer, checkOutcome } from '../outcome.ts';
import { ago, printListing, printObject } from '../output.ts';
import { openSession, type Session } from '../session.ts';
import { submit } from '../submit.ts';

const shownBytes = 4_096;

type DeadLetter = {
  readonly sequence: number;
  readonly at: number;
  readonly subject: string;
  readonly consumer: string;
  readonly deliveries: number;
  readonly reason: string;
  readonly body: Uint8Array;
};

/** `msx dlq list | show N | retry N`. */
export async function dlqCommand(verb: string, sequence: string | undefined, flags: Flags): Promise<void> {
  if (verb !== 'list' && verb !== 'show' && verb !== 'retry')
    throw usage(`Cannot ${JSON.stringify(verb)} dead letters: allowed are list, show and retry`);
  if (verb !== 'list' && !/^[1-9]\d{0,14}$/.test(sequence ?? ''))
    throw usage(`Cannot ${verb} a dead letter without its number`);
  outputOf(flags);
  waitTimeoutMsOf(flags); // a mistake in either is said before anything is submitted
  await using session = await openSession(orgOf(flags));
  const letters = await readLetters(session);
  if (verb === 'list') return list(letters, flags);
  const letter = letters.find((one) => one.sequence === Number(sequence));
  if (letter === undefined)
    throw new CliError({
      code: 'not-found',
      message: `There is no dead letter ${sequence}; there are ${letters.map((one) => one.sequence).join(', ') || 'none'}`,
      next: 'msx dlq list',
      exitCode: exitCodes.notFound,
    });
  if (verb === 'show') return show(letter, flags);
  await retry(session, letter, flags); // the session is open for as long as this takes
}

async function readLetters(session: Session): Promise<DeadLetter[]> {
  const messages = await session.bus.read(streams.deadLetters.name, { filter: filters.deadLetters });
  return messages.map(letterOf).filter(({ subject }) => {
    const address = parseSubject(subject);
    return address === undefined || address.org === session.org;
  });
}

function letterOf(message: StoredMessage): DeadLetter {
  return {
    sequence: message.sequence,
    at: message.storedAt,
    subject: message.header(headerNames.deadSubject) ?? message.subject,
    consumer: message.header(headerNames.deadConsumer) ?? '',
    deliveries: Number(message.header(headerNames.deadDeliveries) ?? 0),
    reason: message.header(headerNames.deadReason) ?? '',
    body: message.body,
  };
}

function list(letters: readonly DeadLetter[], flags: Flags): void {
  process.stdout.write(
    printListing(outputOf(flags), {
      items: letters.map(({ body, ...letter }) => ({ ...letter, bytes: body.length })),
      name: ({ sequence }) => `dead-letter/${sequence}`,
      columns: [
        { head: 'NUMBER', of: ({ sequence }) => sequence },
        { head: 'AGE', of: ({ at }) => ago(at, Date.now()) },
        { head: 'SUBJECT', of: ({ subject }) => subject },
        { head: 'CONSUMER', of: ({ consumer }) => consumer },
        { head: 'DELIVERIES', of: ({ deliveries }) => deliveries },
        { head: 'REASON', of: ({ reason }) => reason },
      ],
    }),
  );
}

function show(letter: DeadLetter, flags: Flags): void {
  const body = Buffer.from(letter.body).subarray(0, shownBytes).toString('utf8');
  const shown = { ...letter, body, bytes: letter.body.length };
  process.stdout.write(
    printObject(
      outputOf(flags),
      shown,
      () =>
        `${letter.subject}\n  consumer    ${letter.consumer}\n  deliveries  ${letter.deliveries}\n  reason      ${letter.reason}\n  body        ${letter.body.length} bytes\n${body}\n`,
      `dead-letter/${letter.sequence}`,
    ),
  );
}

/** A dead submission is submitted anew; an event of an activation that ended by it is a `retry` (protocol 5). */
async function retry(session: Session, letter: DeadLetter, flags: Flags): Promise<void> {
  const address = parseSubject(letter.subject);
  if (address === undefined || address.kind === 'request')
    throw new CliError({
      code: 'not-retried',
      message: `Cannot retry dead letter ${letter.sequence}: its subject ${JSON.stringify(letter.subject)} is none of ours`,
    });
  const { env } = address;
  using interrupt = onInterrupt(`the retry of ${letter.subject}`, `msx status ${env}`);
  const progress = (line: string): void => void process.stderr.write(`${env}: ${line}\n`);
  const { subject, body } = submissionFor(address, letter, session.org);
  const { answer } = await interrupt.guard(
    submit(session, {
      env,
      subject,
      body,
      signal: interrupt.signal,
      onSubmitted: (id) => progress(`submitted as ${id}`),
    }),
  );
  checkAnswer(answer, { env });
  const generation = 'generation' in answer ? answer.generation : null;
  if (flags.wait === true && generation !== null)
    checkOutcome(
      await interrupt.guard(
        followActivation(session, {
          env,
          generation,
          timeoutMs: waitTimeoutMsOf(flags),
          progress,
          signal: interrupt.signal,
        }),
      ),
    );
  process.stdout.write(
    printObject(
      outputOf(flags),
      { env, answer: answer.kind, generation },
      () => `environment/${env} retried: ${answer.kind}${generation === null ? '' : `, generation ${generation}`}\n`,
      `environment/${env}`,
    ),
  );
}

function submissionFor(
  address: Exclude<ParsedSubject, { kind: 'request' }>,
  letter: DeadLetter,
  org: string,
): { subject: string; body: Uint8Array } {
  if (address.kind !== 'event' || address.service === 'intake') {
    if (address.kind === 'event')
      throw new CliError({
        code: 'not-retried',
        message: `Cannot retry ${letter.subject}: its Blueprint was rejected by this dead letter`,
        next: `msx apply -f <the Blueprint of ${address.env}>`,
      });
    return { subject: letter.subject, body: letter.body };
  }
  return {
    subject: commandSubject({ service: 'graph', org, env: address.env, verb: 'retry' }),
    body: new Uint8Array(),
  };
}

function usage(message: string): CliError {
  return new CliError({
    code: 'usage',
    message,
    next: 'msx dlq list, msx dlq show <number>, msx dlq retry <number>',
    exitCode: exitCodes.usage,
  });
}
