import { blueprintSubject } from '@microstax/contracts/subjects';
import { readBlueprintFile } from '../blueprint-file.ts';
import { CliError } from '../cli-error.ts';
import { type Flags, orgOf, outputOf, waitTimeoutMsOf } from '../flags.ts';
import { followActivation } from '../follow.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkAnswer, checkOutcome, findingLines } from '../outcome.ts';
import { type OutputFormat, printListing, printObject } from '../output.ts';
import { openSession, type Session } from '../session.ts';
import { submit } from '../submit.ts';
import { previewFile } from './preview-file.ts';

type Applied = {
  readonly env: string;
  readonly answer: string;
  readonly generation: number | null;
  readonly outcome: string | null;
  readonly trace: string | null;
  readonly submission: string;
};

/** Submits each file in turn; with `--wait` ends at the outcome of each. */
export async function applyCommand(flags: Flags): Promise<void> {
  const format = outputOf(flags);
  waitTimeoutMsOf(flags); // a mistake in it is said before anything is submitted
  if (flags.dryRun === true) return dryRun(flags, format);
  const files = (flags.file as readonly string[]).map((file) =>
    readBlueprintFile(file, typeof flags.env === 'string' ? flags.env : undefined),
  );
  await using session = await openSession(orgOf(flags));
  const applied: Applied[] = [];
  for (const file of files) applied.push(await applyOne(session, file, flags, format));
  process.stdout.write(
    printListing(format === 'table' ? 'table' : format, {
      items: applied,
      name: ({ env }) => `environment/${env}`,
      columns: [
        { head: 'ENVIRONMENT', of: ({ env }) => env },
        { head: 'ANSWER', of: ({ answer }) => answer },
        { head: 'GENERATION', of: ({ generation }) => generation },
        { head: 'OUTCOME', of: ({ outcome }) => outcome },
        { head: 'TRACE', of: ({ trace }) => trace, wide: true },
      ],
    }),
  );
}

/** Decided through the bus, committed nowhere. */
async function dryRun(flags: Flags, format: OutputFormat): Promise<void> {
  const decided: DryRun[] = [];
  for (const file of flags.file as readonly string[])
    decided.push(
      await previewFile({ ...flags, file }, async ({ env, plan }) => {
        const placements = plan?.placements ?? [];
        const local = placements.filter(({ kind }) => kind === 'local').length;
        return { env, dryRun: true, verdict: 'approved', local, services: placements.length };
      }),
    );
  const sentences = decided.map(
    ({ env, local, services }) =>
      `environment/${env} would be accepted (dry run): ${local} of ${services} services local\n`,
  );
  const names = decided.map(({ env }) => `environment/${env}`).join('\n');
  process.stdout.write(printObject(format, decided, () => sentences.join(''), names));
}

type DryRun = {
  readonly env: string;
  readonly dryRun: true;
  readonly verdict: 'approved';
  readonly local: number;
  readonly services: number;
};

async function applyOne(
  session: Session,
  file: { file: string; bytes: Buffer; env: string },
  flags: Flags,
  format: OutputFormat,
): Promise<Applied> {
  const { env, bytes } = file;
  const progress = (line: string): void => void process.stderr.write(`${env}: ${line}\n`);
  using interrupt = onInterrupt(`the activation of ${env}`, `msx status ${env}`);
  const submission = await interrupt.guard(
    submit(session, {
      env,
      subject: blueprintSubject({ org: session.org, env }),
      body: bytes,
      signal: interrupt.signal,
      onSubmitted: (id) => progress(`submitted ${file.file} as ${id}`),
      onFindings: (findings) => findingLines(findings, file.file).forEach(progress),
    }),
  );
  const { answer } = submission;
  checkAnswer(answer, { env, file: file.file });
  const generation = 'generation' in answer ? answer.generation : null;
  if (answer.kind === 'outdated')
    throw new CliError({
      code: 'outdated',
      message: `${file.file} is outdated: ${answer.newer} of ${env} was accepted first`,
      next: `msx apply -f ${file.file}`,
    });
  progress(
    answer.kind === 'revised'
      ? `accepted as generation ${generation}`
      : `unchanged, generation ${generation} ${answer.kind === 'unchanged' && answer.outcome === null ? 'is on its way' : 'stands'}`,
  );
  const base = { env, answer: answer.kind, generation, submission: submission.id };
  if (flags.wait !== true || generation === null)
    return {
      ...base,
      outcome: answer.kind === 'unchanged' ? answer.outcome : null,
      trace: answer.kind === 'revised' ? answer.trace : null,
    };
  const item = await interrupt.guard(
    followActivation(session, {
      env,
      generation,
      timeoutMs: waitTimeoutMsOf(flags),
      progress,
      signal: interrupt.signal,
    }),
  );
  checkOutcome(item);
  progress(`${item.outcome} ${format === 'table' ? `  msx trace ${item.activation}` : ''}`.trimEnd());
  return { ...base, outcome: item.outcome, trace: item.traces[0] ?? null };
}
