import { readBlueprintFile } from '../blueprint-file.ts';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf } from '../flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { findingLines } from '../outcome.ts';
import { type Preview, previewBlueprint } from '../preview.ts';
import { openSession, type Session } from '../session.ts';

const verdictExitCodes = {
  rejected: exitCodes.invalidInput,
  refused: exitCodes.invalidInput,
  denied: exitCodes.notAllowed,
} as const;

/** Previews one file through the bus; a no is thrown with its findings, unless the plan behind it is wanted all the same. */
export async function previewFile<T>(
  flags: Flags,
  use: (preview: Preview, session: Session) => Promise<T>,
): Promise<T> {
  const [name = '-', ...more] = [flags.file].flat().map(String);
  if (more.length > 0)
    throw new CliError({ code: 'usage', message: 'Cannot preview several files at once', exitCode: exitCodes.usage });
  const file = readBlueprintFile(name, typeof flags.env === 'string' ? flags.env : undefined);
  await using session = await openSession(orgOf(flags));
  using interrupt = onInterrupt(`the preview of ${file.file}`, 'msx status');
  const preview = await interrupt.guard(previewBlueprint(session, file, interrupt.signal));
  const result = preview.plan === null ? undefined : await use(preview, session);
  if (preview.verdict !== 'approved') {
    throw new CliError({
      code: preview.findings[0]?.code ?? preview.verdict,
      message: `${file.file} would be ${preview.verdict}:\n  ${findingLines(preview.findings, file.file).join('\n  ')}`,
      exitCode: verdictExitCodes[preview.verdict],
      details: preview.findings,
    });
  }
  if (preview.plan === null)
    throw new CliError({ code: 'no-plan', message: `The preview of ${file.file} brought no plan` });
  return result as T;
}
