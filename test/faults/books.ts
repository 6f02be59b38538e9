import type { AuditItem, Query, QueryReply } from '@microstax/contracts/queries';
import { eventually } from './patience.ts';

/** Asks the graph; settles with the answer, also across an outage. */
export type Ask = <K extends Query['kind']>(question: Query & { kind: K }) => Promise<Extract<QueryReply, { kind: K }>>;

/** What was asked of a house and what became of it, counted from its store. */
export type Books = {
  readonly submissions: number;
  readonly answers: number;
  readonly activations: number;
  readonly outcomes: number;
};

const answerVerbs = new Set(['revised', 'unchanged', 'outdated', 'refused', 'rejected']);
const outcomeVerbs = new Set(['ready', 'refused', 'denied', 'failed', 'superseded']);

/**
 * Settles once every submission and command has exactly one answer, and every activation exactly one outcome (protocol
 * 2); rejects with what is not so. Counted by the rows of the store and by the leaves of its audit log, which is only
 * ever added to, so a second answer would be seen. Previews leave neither.
 */
export async function closeBooks(ask: Ask, submitted: ReadonlySet<string>): Promise<Books> {
  let wrong: readonly string[] = ['the graph does not answer'];
  const look = async (): Promise<Books | undefined> => {
    const count = await countBooks(ask, submitted);
    wrong = count.wrong;
    return wrong.length === 0 ? count.books : undefined;
  };
  return eventually(look, { intervalMs: 200 }).catch((cause: unknown) => {
    throw new Error(`The books are wrong:\n${wrong.join('\n')}`, { cause });
  });
}

async function countBooks(ask: Ask, submitted: ReadonlySet<string>) {
  const leaves = await leavesOf(ask);
  const answers = tally(leaves.flatMap(answeredBy));
  const outcomes = tally(leaves.flatMap(({ verb, subject }) => (isOutcome(verb, subject) ? [subject] : [])));
  const stored = (await ask({ kind: 'submissions' })).items.map(({ submission }) => submission);
  const activations: string[] = [];
  const wrong: string[] = [];
  for (const { env } of (await ask({ kind: 'environments' })).items) {
    for (const { activation, outcome, reason } of (await ask({ kind: 'activations', env })).items) {
      activations.push(activation);
      if (outcome === null) wrong.push(`${activation} has no outcome: ${reason}`);
    }
  }
  const submissions = [...new Set([...submitted, ...stored])];
  wrong.push(...unlessOneEach('answers', submissions, answers), ...unlessOneEach('outcomes', activations, outcomes));
  const books: Books = {
    submissions: submissions.length,
    answers: sum(answers),
    activations: activations.length,
    outcomes: sum(outcomes),
  };
  return { books, wrong };
}

/** The submission that a leaf answers. Its activation's outcome names the submission too. */
function answeredBy({ verb, subject, submission }: AuditItem): readonly string[] {
  return submission !== null && answerVerbs.has(verb) && !isOutcome(verb, subject) ? [submission] : [];
}

// An outcome is an activation's, `shop@3`; an answer but `revised` is about an environment.
function isOutcome(verb: string, subject: string): boolean {
  return outcomeVerbs.has(verb) && subject.includes('@');
}

function unlessOneEach(what: string, expected: readonly string[], found: ReadonlyMap<string, number>): string[] {
  return [...new Set([...expected, ...found.keys()])].flatMap((id) => {
    const [wanted, there] = [expected.includes(id) ? 1 : 0, found.get(id) ?? 0];
    return wanted === there ? [] : [`${id} has ${there} ${what} instead of ${wanted}`];
  });
}

function tally(ids: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(ids, (id) => id)].map(([id, all]) => [id, all.length]));
}

function sum(counts: ReadonlyMap<string, number>): number {
  return counts.values().reduce((total, count) => total + count, 0);
}

async function leavesOf(ask: Ask): Promise<readonly AuditItem[]> {
  const leaves: AuditItem[] = [];
  for (;;) {
    const { items } = await ask({ kind: 'audit', after: leaves.at(-1)?.n ?? 0 });
    if (items.length === 0) return leaves;
    leaves.push(...items);
  }
}
