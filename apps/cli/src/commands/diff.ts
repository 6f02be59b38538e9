import type { Plan } from '@microstax/model/plan';
import { CliError } from '../cli-error.ts';
import { readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, outputOf } from '../flags.ts';
import { printListing } from '../output.ts';
import { planDifference } from '../plan-difference.ts';
import type { Session } from '../session.ts';
import { previewFile } from './preview-file.ts';

/** What applying a file would change against what stands; exit code 6 where it differs, 0 where nothing would change. */
export async function diffCommand(flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const differs = await previewFile(flags, async ({ env, plan, difference }, session) => {
    const changes = plan ? planDifference(await standingPlan(session, env), plan) : [];
    const reasons = new Map(difference?.services.map((one) => [one.service, one.reason]));
    const shown =
      format === 'json' || format === 'yaml' ? changes : changes.filter(({ change }) => change !== 'unchanged');
    process.stdout.write(
      printListing(format, {
        items: shown.map((change) => ({ ...change, reason: reasons.get(change.service) ?? null })),
        name: ({ service }) => `service/${env}/${service}`,
        columns: [
          { head: 'SERVICE', of: ({ service }) => service },
          { head: 'CHANGE', of: ({ change }) => change },
          { head: 'BEFORE', of: ({ before }) => before },
          { head: 'AFTER', of: ({ after }) => after },
          { head: 'AGAINST THE PARENT', of: ({ reason }) => reason },
        ],
      }),
    );
    return changes.some(({ change }) => change !== 'unchanged');
  });
  process.exitCode = differs ? exitCodes.differs : exitCodes.ok;
}

/** The plan of the newest generation that has one; null where the environment is not known yet. */
async function standingPlan(session: Session, env: string): Promise<Plan | null> {
  try {
    const found = (await readDetail(session, env)).artifacts.plan;
    return found ? (JSON.parse(found.bytes) as Plan) : null;
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.notFound) return null;
    throw error;
  }
}
