import { type SeedItem, type SeedsReply, seedPackages } from '@microstax/contracts/data-requests';
import { blueprintSubject } from '@microstax/contracts/subjects';
import { isToken } from '@microstax/model/names';
import type { Job, OmittedJob, Plan } from '@microstax/model/plan';
import type { Revision, SeedSpec } from '@microstax/model/revision';
import { CliError } from '../cli-error.ts';
import { artifactOf, read, readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf, waitTimeoutMsOf } from '../flags.ts';
import { followActivation } from '../follow.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkAnswer, checkOutcome } from '../outcome.ts';
import { type Column, clean, printListing, printObject } from '../output.ts';
import { ask, openSession, type Session } from '../session.ts';
import { submit } from '../submit.ts';

/** `msx seed search [term]`, `show <name>[@<version>]`, `run <name>[@<version>] <env>`. */
export async function seedCommand(verb: string, words: readonly string[], flags: Flags): Promise<void> {
  const [first, second] = words;
  switch (verb) {
    case 'search':
      return search(first, flags);
    case 'show':
      return show(nameOf(first), flags);
    case 'run':
      return run(nameOf(first), second, flags);
    default:
      throw usage(`Cannot ${verb} a seed: allowed are search, show and run`);
  }
}

async function search(term: string | undefined, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  await using session = await openSession(orgOf(flags));
  const reply = await ask(session, seedPackages, { term });
  process.stdout.write(
    printListing(format, { items: reply.items, columns, name: (item) => `seed/${referenceOf(item)}` }),
  );
  for (const { place, reason } of reply.unreadable) process.stderr.write(clean(`warning: ${place}: ${reason}\n`));
  if (reply.items.length === 0)
    process.stderr.write(clean(`no seed matches in ${reply.folder} (MSX_SEEDS of the runtime)\n`));
}

async function show(wanted: SeedSpec, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  await using session = await openSession(orgOf(flags));
  const item = await find(session, wanted);
  process.stdout.write(printObject(format, item, drawn, `seed/${referenceOf(item)}`));
}

/**
 * Declares the seed and lets the plan decide: the Blueprint of the newest generation with it (decision 16). What was run
 * before is not run again, and it is said in which entry of the journal that was.
 */
async function run(wanted: SeedSpec, env: string | undefined, flags: Flags): Promise<void> {
  if (env === undefined || !isToken(env))
    throw usage('Cannot run a seed: name the environment, msx seed run <name> <env>');
  const [format, timeoutMs] = [outputOf(flags), waitTimeoutMsOf(flags)];
  const services = Array.isArray(flags.services)
    ? (flags.services as string[]).flatMap((text) => text.split(','))
    : undefined;
  await using session = await openSession(orgOf(flags));
  const item = await find(session, wanted);
  const seed: SeedSpec = { name: item.name, version: item.version, ...servicesOf(item, services) };
  const { status } = await readDetail(session, env, undefined);
  const head = status.head?.generation ?? status.generation;
  const before = artifactOf<Revision>(await readDetail(session, env, head), 'revision').seeds ?? [];
  const known = before.findIndex(({ name }) => name === seed.name);
  const seeds = known < 0 ? [...before, seed] : before.with(known, seed);
  using interrupt = onInterrupt(`seed of ${env}`, `msx status ${env}`);
  const progress = (line: string): void => void process.stderr.write(`${env}: ${line}\n`);
  const { answer } = await interrupt.guard(
    submit(session, {
      env,
      subject: blueprintSubject({ org: session.org, env }),
      body: Buffer.from(JSON.stringify({ from: { env, generation: head }, changes: { seeds } })),
      signal: interrupt.signal,
      onSubmitted: (id) => progress(`seed submitted as ${id}`),
    }),
  );
  checkAnswer(answer, { env });
  const generation = 'generation' in answer ? answer.generation : null;
  if (generation === null)
    throw new CliError({ code: 'outdated', message: `seed of ${env} is outdated: a newer submission came first` });
  const follow = { env, generation, timeoutMs, progress, signal: interrupt.signal };
  checkOutcome(await interrupt.guard(followActivation(session, follow)));
  const plan = artifactOf<Plan>(await readDetail(session, env, generation), 'plan');
  const jobs = plan.jobs.filter(({ kind, reference }) => kind === 'seed' && reference === referenceOf(item));
  // Where nothing changed the plan is the one that ran it.
  const runs = answer.kind === 'unchanged' ? [] : jobs;
  const left = [
    ...plan.omittedJobs.filter(({ id, kind }) => kind === 'seed' && id.endsWith(`/${item.name}`)),
    ...(answer.kind === 'unchanged' ? await ranBefore(session, env, jobs) : []),
  ];
  const done = {
    env,
    seed: referenceOf(item),
    generation,
    answer: answer.kind,
    ran: runs.map((job) => job.service),
    left,
  };
  const lines = [
    ...runs.map(({ service, reason }) => `${service}: run, ${reason}`),
    ...left.map(({ service, reason }) => `${service}: not run, ${reason}`),
  ];
  process.stdout.write(
    printObject(
      format,
      done,
      () => clean(`${lines.map((line) => `${env}/${line}`).join('\n')}\n`),
      `seed/${env}/${item.name}`,
    ),
  );
}

async function ranBefore(session: Session, env: string, jobs: readonly Job[]): Promise<readonly OmittedJob[]> {
  const { items } = await read(session, { kind: 'journal', env });
  return jobs.map(({ id, kind, service = '', reference }) => {
    const entry = items.findLast(({ event }) => event.type === 'done' && event.job === id)?.n;
    return { id, kind, service, reason: `already applied in journal entry ${entry}: ${reference}` };
  });
}

function servicesOf({ services: made }: SeedItem, asked: readonly string[] | undefined): Pick<SeedSpec, 'services'> {
  const services = asked ?? made;
  return services === null ? {} : { services };
}

async function find(session: Session, { name, version }: SeedSpec): Promise<SeedItem> {
  const reply: SeedsReply = await ask(session, seedPackages, {});
  const found = reply.items.find((item) => item.name === name && (version === undefined || item.version === version));
  if (found !== undefined) return found;
  const known = reply.items.map(referenceOf).join(', ');
  throw new CliError({
    code: 'not-found',
    message: `There is no seed ${version === undefined ? name : `${name}@${version}`}; known: ${known || 'none'}`,
    next: `msx seed search, or put a package into ${reply.folder}`,
    exitCode: exitCodes.notFound,
  });
}

const columns: readonly Column<SeedItem>[] = [
  { head: 'SEED', of: referenceOf },
  { head: 'SERVICES', of: ({ services }) => services?.join(',') ?? 'any' },
  { head: 'STEPS', of: ({ steps }) => steps.length },
  { head: 'DESCRIPTION', of: ({ description }) => description },
  { head: 'PLACE', of: ({ place }) => place, wide: true },
];

function drawn(item: SeedItem): string {
  const { description, services, steps, place } = item;
  const lines = [
    `seed         ${referenceOf(item)}`,
    `description  ${description ?? '-'}`,
    `services     ${services?.join(', ') ?? 'any'}`,
    `place        ${place}`,
    ...steps.map(({ kind, what }, index) => `${`step ${index + 1}`.padEnd(13)}${kind} ${what}`),
  ];
  return clean(`${lines.join('\n')}\n`);
}

function referenceOf({ name, version }: SeedItem): string {
  return `${name}@${version}`;
}

function nameOf(text: string | undefined): SeedSpec {
  const [name = '', version, more] = (text ?? '').split('@');
  if (!isToken(name) || version === '' || more !== undefined)
    throw usage(`Cannot find seed ${JSON.stringify(text ?? '')}: expected <name> or <name>@<version>`);
  return { name, ...(version === undefined ? {} : { version }) };
}

function usage(message: string): CliError {
  return new CliError({ code: 'usage', message, next: 'msx seed --help', exitCode: exitCodes.usage });
}
