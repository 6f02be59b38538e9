import type { Composition } from '@microstax/model/composition';
import type { Difference } from '@microstax/model/difference';
import type { Job, Plan } from '@microstax/model/plan';
import { providedBy } from '@microstax/model/provided-by';
import type { Resolution } from '@microstax/model/resolution';
import { artifactOf, missingToExplain, readDetail } from '../detail.ts';
import { durationText, readEstimate } from '../estimate.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean, dollars, printObject, strong } from '../output.ts';
import { openSession } from '../session.ts';
import { drawTiers } from './resolve.ts';

/** Why one service runs here or is inherited: difference, candidates, reasons, cost, tiers; or why a job is there. */
export async function explainCommand(env: string, service: string, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const detail = await readDetail(session, env, at);
  const plan = artifactOf<Plan>(detail, 'plan');
  const job = explainedJob(plan, service);
  if (job !== null) {
    const estimate = await readEstimate(session, { plan, envs: [env], at });
    const takesMs = estimate?.jobs[job.id] ?? null;
    const whole = { env, generation: detail.activation?.generation ?? null, ...job, takesMs };
    process.stdout.write(printObject(format, whole, () => drawJob(env, { ...job, takesMs }), `job/${env}/${service}`));
    return;
  }
  const placement = plan.placements.find((one) => one.service === service);
  if (placement === undefined)
    throw missingToExplain(
      env,
      service,
      plan.placements.map((one) => one.service),
      plan.jobs.map((one) => one.id),
    );
  const difference = artifactOf<Difference>(detail, 'difference').services.find((one) => one.service === service);
  const composed = artifactOf<Composition>(detail, 'composition').services.find((one) => one.name === service);
  const jobs = plan.jobs.filter((job) => job.service === service);
  const record = detail.artifacts.resolution
    ? artifactOf<Resolution>(detail, 'resolution').records.find((one) => one.service === service)
    : undefined;
  const whole = {
    env,
    generation: detail.activation?.generation ?? null,
    service,
    placement,
    difference,
    candidates: composed?.candidates ?? [],
    jobs,
    record,
  };
  process.stdout.write(
    printObject(
      format,
      whole,
      () => {
        const lines = [
          `${strong(service)} in ${env}: ${placement.kind}${providedBy(placement) ? ` from ${providedBy(placement)}` : ''}${placement.code ? ` (${placement.code})` : ''}`,
          ...placement.reasons.map(({ text }) => `  because ${text}`),
          ...(difference
            ? [
                `  difference: ${difference.state}, ${difference.reason}`,
                ...difference.changes.map(
                  (change) =>
                    `    ${change.pointer} (${change.class}): ${change.before ?? 'absent'} → ${change.after ?? 'absent'}`,
                ),
              ]
            : []),
          `  context: requests that arrive here ${placement.carriesContext ? 'must carry it' : 'need none'}`,
          `  cost: ${dollars(placement.costMicrosPerHour)} an hour`,
          ...((composed?.candidates.length ?? 0) > 0
            ? [
                '  candidates elsewhere:',
                ...(composed?.candidates ?? []).map(
                  (one) => `    ${one.tier} ${one.env}: ${one.eligible ? 'eligible' : 'not eligible'}, ${one.reason}`,
                ),
              ]
            : ['  candidates elsewhere: none']),
          ...(jobs.length > 0 ? ['  jobs:', ...jobs.map((job) => `    ${job.id}: ${job.reason}`)] : []),
          ...(record ? ['  requests:', ...drawTiers(record)] : []),
        ];
        return `${lines.map(clean).join('\n')}\n`;
      },
      `service/${env}/${service}`,
    ),
  );
}

type ExplainedJob = { readonly id: string; readonly planned: boolean; readonly reason: string } & Partial<
  Pick<Job, 'after'>
> & { readonly before?: readonly string[] };

/** A job by its id, planned or left out; null where there is none, as `web` is no job. */
function explainedJob({ jobs, omittedJobs }: Plan, id: string): ExplainedJob | null {
  const job = jobs.find((one) => one.id === id);
  if (job !== undefined) {
    const before = jobs.filter(({ after }) => after.includes(id)).map((one) => one.id);
    return { id, planned: true, reason: job.reason, after: job.after, before };
  }
  const omitted = omittedJobs.find((one) => one.id === id);
  return omitted === undefined ? null : { id, planned: false, reason: omitted.reason };
}

function drawJob(
  env: string,
  { id, planned, reason, after = [], before = [], takesMs }: ExplainedJob & { readonly takesMs: number | null },
): string {
  const lines = [
    `${strong(id)} of ${env}: ${planned ? 'planned' : 'left out'}`,
    `  because ${reason}`,
    ...(after.length > 0 ? [`  waits for: ${after.join(' ')}`] : []),
    ...(takesMs === null ? [] : [`  takes about ${durationText(takesMs)}, as it did before`]),
    ...(before.length > 0 ? [`  waited for by: ${before.join(' ')}`] : []),
  ];
  return `${lines.map(clean).join('\n')}\n`;
}
