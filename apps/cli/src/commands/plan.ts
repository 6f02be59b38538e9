import { criticalPath, jobStages } from '@microstax/model/job-stages';
import type { Plan } from '@microstax/model/plan';
import { CliError } from '../cli-error.ts';
import { artifactOf, readDetail } from '../detail.ts';
import { planMermaid } from '../draw-plan.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { findingLines } from '../outcome.ts';
import { dollars, type OutputFormat, printObject, strong, table, text } from '../output.ts';
import { openSession } from '../session.ts';
import { planWhatIf } from './plan-what-if.ts';
import { previewFile } from './preview-file.ts';

/** The plan of an environment's newest generation that has one, or of a file that nobody applied. */
export async function planCommand(env: string | undefined, flags: Flags): Promise<void> {
  const format = outputOf(flags, 'table', ['mermaid']);
  if (flags.file !== undefined && flags.whatIf !== undefined)
    throw new CliError({
      code: 'usage',
      message: 'Cannot ask what if of a file: --what-if is about a plan that stands',
      next: 'msx plan <env> --what-if price=cpuCoreHourMicros:80000',
      exitCode: exitCodes.usage,
    });
  if (flags.file !== undefined && env !== undefined)
    throw new CliError({
      code: 'usage',
      message: 'Cannot plan an environment and a file at once',
      next: `msx plan ${env}, or msx plan -f <file>`,
      exitCode: exitCodes.usage,
    });
  if (flags.file !== undefined && flags.at !== undefined)
    throw new CliError({
      code: 'usage',
      message: 'Cannot plan a file as of a generation: it is planned on what its parent offers now',
      next: 'msx plan -f <file>, or msx plan <env> --at <generation>',
      exitCode: exitCodes.usage,
    });
  if (flags.file !== undefined) {
    await previewFile(flags, async (preview) => {
      const { plan, verdict, findings } = preview;
      if (plan === null) return;
      // What denies is said with the verdict; a warning of whoever came after the planner would be said nowhere.
      const said = verdict === 'approved' ? findings : plan.findings;
      process.stdout.write(printPlan(plan, format, `${preview.env} (preview)`, said));
    });
    return;
  }
  if (env === undefined)
    throw new CliError({
      code: 'usage',
      message: 'Cannot plan without an environment or a file',
      next: `msx plan <env>, or msx plan -f <file>${flags.whatIf === undefined ? '' : '; the environment stands before --what-if'}`,
      exitCode: exitCodes.usage,
    });
  if (flags.whatIf !== undefined) return planWhatIf(env, flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const detail = await readDetail(session, env, at);
  process.stdout.write(printPlan(artifactOf<Plan>(detail, 'plan'), format, detail.activation?.activation ?? env));
}

type PlanFormat = OutputFormat | 'mermaid';

function printPlan(plan: Plan, format: PlanFormat, title: string, findings = plan.findings): string {
  if (format === 'mermaid') return planMermaid(plan);
  return printObject(format, plan, () => drawPlan(plan, format, title, findings), `plan/${plan.env}`);
}

/** A plan for people: placements with reasons, context edges, jobs in order, cost with its formula. */
export function drawPlan(plan: Plan, format: OutputFormat, title: string, found = plan.findings): string {
  const wide = format === 'wide';
  const placements = table(
    ['SERVICE', 'PLACEMENT', 'PROVIDER', 'WHY'],
    plan.placements.map(({ service, kind, provider, code, reasons }) => [
      service,
      kind,
      text(provider?.env ?? code),
      text((wide ? reasons : reasons.slice(0, 1)).map((reason) => reason.text).join('; ')),
    ]),
  );
  const jobs = `${drawJobs(plan)}${wide && plan.jobs.length > 0 ? drawPath(plan) : ''}`;
  const omitted =
    plan.omittedJobs.length === 0
      ? ''
      : `\n${strong('Left out')}\n${table(
          ['JOB', 'WHY'],
          plan.omittedJobs.map(({ id, reason }) => [id, text(reason)]),
        )}`;
  const edges =
    plan.contextEdges.length === 0
      ? ''
      : `\n${strong('Context')}\n${table(
          ['FROM', 'TO', 'PROTOCOL', 'CARRIER', 'WHY'],
          plan.contextEdges.map((edge) => [edge.from, edge.to, edge.protocol, edge.carrier, text(edge.reason)]),
        )}`;
  const candidates = `\n${strong('Candidates')}\n${table(
    ['NAME', 'CHOSEN', 'HERE', 'COST/H', 'WHY'],
    plan.candidates.map((one) => [
      one.name,
      one.chosen ? 'yes' : 'no',
      text(one.localServices ?? undefined), // absent in plans of earlier engines
      one.microsPerHour === null ? '-' : dollars(one.microsPerHour),
      text(one.reason),
    ]),
  )}`;
  const findings =
    found.length === 0
      ? ''
      : `\n${strong('Findings')}\n${findingLines(found)
          .map((line) => `  ${line}\n`)
          .join('')}`;
  return `${strong(title)}  wanted ${plan.wanted}\n${placements}${edges}\n${strong('Jobs')}\n${jobs}${wide ? omitted : ''}${candidates}${drawCost(plan, wide)}${findings}`;
}

/** Jobs of one stage wait for none of each other. */
function drawJobs(plan: Plan): string {
  const rows = jobStages(plan.jobs).flatMap((stage, index) =>
    stage.map(({ id, after, reason }) => [String(index + 1), id, text(after.join(' ')), text(reason)]),
  );
  return table(['STAGE', 'JOB', 'AFTER', 'WHY'], rows);
}

function drawPath({ jobs }: Plan): string {
  return `  longest chain: ${criticalPath(jobs)
    .jobs.map(({ id }) => id)
    .join(' → ')}\n`;
}

function drawCost({ cost }: Plan, wide: boolean): string {
  const { microsPerHour, fullCopyMicrosPerHour, savedMicrosPerHour, expectedHours, formula, terms } = cost;
  const share =
    fullCopyMicrosPerHour === 0 ? '' : ` (${((100 * savedMicrosPerHour) / fullCopyMicrosPerHour).toFixed(1)} %)`;
  const lines = [
    `\n${strong('Cost')}`,
    `  here        ${dollars(microsPerHour)} an hour, ${dollars(microsPerHour * expectedHours)} for ${expectedHours} h`,
    `  full copy   ${dollars(fullCopyMicrosPerHour)} an hour`,
    `  saved       ${dollars(savedMicrosPerHour)} an hour${share}`,
    `  formula     ${formula}`,
  ];
  const table_ = wide
    ? `\n${table(
        ['SERVICE', 'TERM', 'QUANTITY', 'PRICE', 'MICRO-$/H'],
        terms.map((term) => [
          term.service,
          term.term,
          String(term.quantity),
          String(term.priceMicros),
          String(term.microsPerHour),
        ]),
      )}`
    : '';
  return `${lines.join('\n')}\n${table_}`;
}
