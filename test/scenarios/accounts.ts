import { headerNames } from '@microstax/contracts/header-names';
import type { ActivationItem, AuditItem, SubmissionItem } from '@microstax/contracts/queries';
import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { eventually } from '@microstax/testkit/eventually';
import type { House } from './house.ts';

/** What was asked of a house and what became of it, counted from its store and from what it said on the bus. */
export type Accounts = {
  /** Ids of all submissions and commands but the previews. */
  readonly submissions: readonly string[];
  /** Recorded answers, and answers said, by submission. */
  readonly answers: Readonly<Record<string, Count>>;
  /** Outcomes in the audit log, and outcomes said, by activation. */
  readonly outcomes: Readonly<Record<string, Count>>;
  /** What is not as it has to be, a sentence each. */
  readonly wrong: readonly string[];
};

type Count = { readonly recorded: number; readonly said: number };

/**
 * Settles once every submission and command (but previews) has exactly one answer and every activation exactly one
 * outcome (protocol 2): one row in the store, one event on the bus, one leaf in the audit log. Rejects with what is not so.
 */
export async function oneAnswerOneOutcome(house: House): Promise<Accounts> {
  let accounts: Accounts | undefined;
  try {
    return await eventually(
      async () => {
        accounts = await accountsOf(house);
        return accounts.wrong.length === 0 && accounts;
      },
      { timeoutMs: 20_000, intervalMs: 250 },
    );
  } catch (cause) {
    throw new Error(`The accounts are wrong:\n${accounts?.wrong.join('\n')}`, { cause });
  }
}

async function accountsOf(house: House): Promise<Accounts> {
  const submissions = await submissionsOf(house);
  const said = await saidOf(house);
  const stored = (await house.ask({ kind: 'submissions' }))?.items ?? [];
  const leaves = await auditOf(house);
  const activations = await activationsOf(house);
  const known = new Set(submissions);
  // What became a dead letter is answered in the store alone: nobody could handle it, so nobody said anything (protocol 5).
  const buried = stored.filter(isDeadLetter).map(({ submission }) => submission);
  const answers = counts(submissions, stored, ({ submission }) => submission, [...said.answers, ...buried]);
  const settled = leaves.filter(({ verb, subject }) => outcomes.has(verb) && subject.includes('@'));
  const names = activations.map(({ activation }) => activation);
  const ended = counts(names, settled, ({ subject }) => subject, said.outcomes);
  const wrong = [
    ...Object.entries(answers).flatMap(([id, count]) => unlessOne(`submission ${id} has answers`, count)),
    ...stored.filter(({ submission }) => !known.has(submission)).map((one) => `nobody submitted ${one.submission}`),
    ...Object.entries(ended).flatMap(([id, count]) => unlessOne(`activation ${id} has outcomes`, count)),
    ...activations.filter(({ outcome }) => outcome === null).map((one) => `${one.activation} waits: ${one.reason}`),
    ...gaps(activations),
  ];
  return { submissions, answers, outcomes: ended, wrong };
}

const outcomes: ReadonlySet<string> = new Set(['ready', 'refused', 'denied', 'failed', 'superseded']);

function unlessOne(what: string, { recorded, said }: Count): string[] {
  return recorded === 1 && said === 1 ? [] : [`${what}: ${recorded} recorded, ${said} said`];
}

function counts<T>(ids: readonly string[], rows: readonly T[], idOf: (row: T) => string, said: readonly string[]) {
  const recorded = tally(rows.map(idOf));
  const heard = tally(said);
  return Object.fromEntries(
    [...new Set([...ids, ...said])].map((id): [string, Count] => [
      id,
      { recorded: recorded.get(id) ?? 0, said: heard.get(id) ?? 0 },
    ]),
  );
}

function tally(ids: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(ids, (id) => id)].map(([id, all]) => [id, all.length]));
}

/** Generations count 1, 2, 3 … without a gap. */
function gaps(activations: readonly ActivationItem[]): string[] {
  return [...Map.groupBy(activations, ({ env }) => env)].flatMap(([env, all]) =>
    all.every(({ generation }, index) => generation === index + 1)
      ? []
      : [`"${env}" has generations ${all.map(({ generation }) => generation).join(', ')}`],
  );
}

async function submissionsOf({ bus }: House): Promise<readonly string[]> {
  const incarnation = await bus.incarnation();
  const { name } = streams.submissions;
  const stored = [
    ...(await bus.read(name, { filter: filters.blueprints })),
    ...(await bus.read(name, { filter: filters.commands })),
  ];
  return stored
    .filter((message) => message.header(headerNames.purpose) !== 'preview')
    .map((message) => message.header(headerNames.messageId) || `${name}:${incarnation}:${message.sequence}`);
}

function isDeadLetter({ answer }: SubmissionItem): boolean {
  return answer.kind === 'rejected' && answer.findings.some(({ code }) => code === 'dead-letter');
}

type Said = { readonly answers: readonly string[]; readonly outcomes: readonly string[] };

/** What was said of the activating kind; a redriven event is the same word said again. */
async function saidOf({ bus }: House): Promise<Said> {
  const events = await bus.read(streams.events.name, { filter: filters.events });
  const answers: string[] = [];
  const ends: string[] = [];
  for (const event of events) {
    const purpose = event.header(headerNames.purpose) || 'activate';
    if (purpose !== 'activate' || Number(event.header(headerNames.drive) || 0) > 0) continue;
    const [, , service, , , last] = event.subject.split('.');
    const body = JSON.parse(Buffer.from(event.body).toString('utf8')) as Body;
    const word = `${service} ${last}`;
    if (answerWords.has(word) && body.submission) answers.push(body.submission);
    if (outcomeWords.has(word) && body.activation) ends.push(body.activation);
  }
  return { answers, outcomes: ends };
}

type Body = { readonly submission?: string | null; readonly activation?: string };

const answerWords = new Set(['intake rejected', 'graph refused', 'graph unchanged', 'graph outdated', 'graph revised']);
const outcomeWords = new Set([
  'graph ready',
  'graph failed',
  'graph superseded',
  'planner refused',
  'validator denied',
]);

async function auditOf(house: House): Promise<readonly AuditItem[]> {
  const leaves: AuditItem[] = [];
  for (;;) {
    const more = (await house.ask({ kind: 'audit', after: leaves.at(-1)?.n ?? 0 }))?.items ?? [];
    if (more.length === 0) return leaves;
    leaves.push(...more);
  }
}

async function activationsOf(house: House): Promise<readonly ActivationItem[]> {
  const environments = (await house.ask({ kind: 'environments' }))?.items ?? [];
  const all = await Promise.all(environments.map(({ env }) => house.ask({ kind: 'activations', env })));
  return all.flatMap((reply) => reply?.items ?? []);
}
