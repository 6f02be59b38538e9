import type { SubmissionAnswer } from '@microstax/contracts/answer';
import type { ActivationItem } from '@microstax/contracts/queries';
import type { Finding } from '@microstax/model/finding';
import { CliError } from './cli-error.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { clean } from './output.ts';

/** One line for each finding: where, what, what to do. */
export function findingLines(findings: readonly Finding[], file?: string): string[] {
  return findings.map(({ position, subject, reason, next, severity }) => {
    const where = position
      ? `${file ?? position.file ?? 'blueprint'}:${position.line}:${position.column}`
      : (file ?? '');
    const what = subject ? `${subject}: ${reason}` : reason;
    return clean(
      `${where ? `${where}: ` : ''}${severity === 'error' ? '' : `${severity}: `}${what}${next ? ` (${next})` : ''}`,
    );
  });
}

/** Throws where an answer is a no. */
export function checkAnswer(answer: SubmissionAnswer, about: { readonly env: string; readonly file?: string }): void {
  if (answer.kind !== 'rejected' && answer.kind !== 'refused') return;
  const lines = findingLines(answer.findings, about.file);
  const count = answer.findings.filter((finding) => finding.severity === 'error').length;
  throw new CliError({
    code: answer.findings[0]?.code ?? answer.kind,
    message: `${about.file ?? about.env} was ${answer.kind}, nothing changed; ${count === 1 ? '1 finding' : `${count} findings`}:\n  ${lines.join('\n  ')}`,
    exitCode: answer.findings.some((finding) => finding.code === 'unknown-environment')
      ? exitCodes.notFound
      : answer.findings.some((finding) => finding.code === 'held' || finding.code === 'has-children')
        ? exitCodes.notAllowed
        : exitCodes.invalidInput,
    details: answer.findings.map((finding) =>
      about.file && finding.position ? { ...finding, position: { ...finding.position, file: about.file } } : finding,
    ),
  });
}

const exitCodeOf: Readonly<Record<NonNullable<ActivationItem['outcome']>, ExitCode>> = {
  ready: exitCodes.ok,
  refused: exitCodes.invalidInput,
  denied: exitCodes.notAllowed,
  failed: exitCodes.failed,
  superseded: exitCodes.failed,
};

/** Throws where an outcome is not the wanted one; names the deciding service and the trace. */
export function checkOutcome(item: ActivationItem): void {
  const outcome = item.outcome ?? 'failed';
  if (outcome === 'ready') return;
  const by = outcome === 'refused' ? 'planner' : outcome === 'denied' ? 'validator' : 'runtime';
  const lines = findingLines(item.findings.filter((finding) => finding.severity === 'error'));
  throw new CliError({
    code: `activation-${outcome}`,
    message: `${item.activation} ${outcome} by the ${by}: ${item.reason}${lines.length > 0 ? `\n  ${lines.join('\n  ')}` : ''}`,
    next:
      outcome === 'failed'
        ? `msx retry ${item.env} --wait, or see what happened: msx get execution ${item.env}`
        : `msx plan ${item.env}`,
    trace: item.traces[0] ?? null,
    exitCode: exitCodeOf[outcome],
    details: item.findings,
  });
}
