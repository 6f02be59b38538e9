import type { Plan } from '@microstax/model/plan';
import { CliError } from '../cli-error.ts';
import { readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, outputOf } from '../flags.ts';
import { printListing } from '../output.ts';
import { planDifference } from '../plan-difference.ts';
import type { Session } from '../session.ts';
import { diffEnvironments } from './diff-environments.ts';
import { previewFile } from './preview-file.ts';

/**
 * What applying a file would change against what stands; exit code 6 where it differs, 0 where nothing would change.
 * Without a file: what leads from one environment to another.
 */
export async function diffCommand(from: string | undefined, to: string | undefined, flags: Flags): Promise<void> {
  if (flags.file === undefined && from !== undefined && to !== undefined) return diffEnvironments(from, to, flags);
  if (flags.file === undefined || from !== undefined)
    throw new CliError({
      code: 'usage',
      message: 'Cannot compare: expected two environments, or one file',
      next: 'msx diff <env> <env>, or msx diff -f <file>',
      exitCode: exitCodes.usage,
    });
  const format = outputOf(flags);
  const differs = await previewFile(flags, async ({ env, plan, difference, revisionDigest }, session) => {
    const standing = await standingIn(session, env);
    const changes = plan ? planDifference(standing?.plan ?? null, plan) : [];
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
    if (changes.some(({ change }) => change !== 'unchanged')) return true;
    if (standing?.revision === revisionDigest) return false;
    process.stderr.write(`no service of ${env} changes, but its routing, budget, labels or description\n`);
    return true;
  });
  process.exitCode = differs ? exitCodes.differs : exitCodes.ok;
}

type Standing = { readonly plan: Plan | null; readonly revision: string | undefined };

/**
 * The newest generation that has a plan, ready or on its way; where it ended badly, what serves (protocol 3, 19). null
 * where that is nothing.
 */
async function standingIn(session: Session, env: string): Promise<Standing | null> {
  try {
    const newest = await readDetail(session, env);
    const { outcome } = newest.activation ?? {};
    const serving = newest.status.serving?.generation;
    const stands = outcome === null || outcome === 'ready';
    if (!stands && serving === undefined) return null;
    const { artifacts } = stands ? newest : await readDetail(session, env, serving);
    const { plan, revision } = artifacts;
    return { plan: plan ? (JSON.parse(plan.bytes) as Plan) : null, revision: revision?.digest };
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.notFound) return null;
    throw error;
  }
}
