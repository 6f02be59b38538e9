import type { Estimate } from '@microstax/model/estimate';
import { criticalPath, jobStages } from '@microstax/model/job-stages';
import type { Plan } from '@microstax/model/plan';
import { providedBy } from '@microstax/model/provided-by';
import { CliError } from '../cli-error.ts';
import { artifactOf, readDetail } from '../detail.ts';
import { planMermaid } from '../draw-plan.ts';
import { estimateText, readEstimate } from '../estimate.ts';
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
    await previewFile(flags, async (preview, session) => {
      const { plan, verdict, findings, revision } = preview;
      if (plan === null) return;
      const envs = [preview.env, ...(revision?.parent === undefined ? [] : [revision.parent.env])];
      const estimate = await readEstimate(session, { plan, envs });
      // What denies is said with the verdict; a warning of whoever came after the planner would be said nowhere.
      const said = verdict === 'approved' ? findings : plan.findings;
      process.stdout.write(printPlan({ plan, estimate }, format, `${preview.env} (preview)`, said));
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
  const plan = artifactOf<Plan>(detail, 'plan');
  // What runs takes no time in what is still on its way; a plan that was executed is estimated whole.
  const pending = at === undefined && detail.activation?.outcome === null;
  const estimate = await readEstimate(session, {
    plan,
    envs: [env],
    at,
    ...(pending ? { inventory: detail.inventory } : {}),
  });
  process.stdout.write(printPlan({ plan, estimate }, format, detail.activation?.activation ?? env));
}

type PlanFormat = OutputFormat | 'mermaid';

/** An estimate stands beside a plan, never in it: it is measured, and a plan is decided. */
type Estimated = { readonly plan: Plan; readonly estimate: Estimate | null };

function printPlan({ plan, estimate }: Estimated, format: PlanFormat, title: string, found = plan.findings): string {
  if (format === 'mermaid') return planMermaid(plan);
  const whole = { ...plan, estimate };
  return printObject(format, whole, () => drawPlan({ plan, estimate }, format, title, found), `plan/${plan.env}`);
}

/** A plan for people: placements with reasons, context edges, jobs in order, cost with its formula. */
export function drawPlan(
  { plan, estimate }: Estimated,
  format: OutputFormat,
  title: string,
  found = plan.findings,
): string {
  const wide = format === 'wide';
  const placements = table(
    ['SERVICE', 'PLACEMENT', 'PROVIDER', 'WHY'],
    plan.placements.map(({ service, kind, code, reasons, ...placement }) => [
      service,
      kind,
      text(providedBy(placement) ?? code),
      text((wide ? reasons : reasons.slice(0, 1)).map((reason) => reason.text).join('; ')),
    ]),
  );
  const jobs = `${drawJobs(plan)}${wide && plan.jobs.length > 0 ? drawPath(plan) : ''}  ${estimateText(estimate)}\n`;
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
