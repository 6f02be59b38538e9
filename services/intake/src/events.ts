import type { ImportReply } from '@microstax/contracts/import-requests';
import type { Finding } from '@microstax/model/finding';
import type { Log } from '@microstax/service/log';
import { type Attributes, trace } from '@opentelemetry/api';

/** A submission in log lines and spans. Codes are said, reasons are not: they repeat what a user typed. */
export type SubmissionEvent = { readonly org: string; readonly env: string; readonly submission: string };

export function blueprintWasAccepted(
  log: Log,
  event: SubmissionEvent & {
    readonly revision: string;
    readonly services: number;
    readonly findings: readonly Finding[];
  },
): void {
  const { findings, revision, services, ...about } = event;
  const warnings = codes(findings);
  log.info({ ...about, revision, services, warnings }, 'blueprint accepted');
  mark({ 'msx.answer': 'accepted', 'msx.revision': revision, 'msx.services': services, 'msx.findings': warnings });
}

export function blueprintWasRejected(
  log: Log,
  event: SubmissionEvent & { readonly findings: readonly Finding[] },
): void {
  const { findings, ...about } = event;
  const found = codes(findings);
  log.info({ ...about, findings: found }, 'blueprint rejected');
  mark({ 'msx.answer': 'rejected', 'msx.findings': found });
}

export function parentIsAwaited(
  log: Log,
  event: SubmissionEvent & { readonly parent: string; readonly waitedMs: number },
): void {
  log.info({ ...event }, 'blueprint waits for the answer to its parent');
  mark({ 'msx.answer': 'later', 'msx.parent': event.parent });
}

export function importWasAnswered(
  log: Log,
  { reply, ...about }: { readonly org: string; readonly source: string; readonly reply: ImportReply },
): void {
  const found = reply.kind === 'needs files' ? [] : codes(reply.findings);
  const services = reply.kind === 'imported' ? reply.report.counts.services : 0;
  log.info({ ...about, answer: reply.kind, services, findings: found }, 'import answered');
  mark({ 'msx.answer': reply.kind, 'msx.services': services, 'msx.findings': found });
}

function codes(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ code }) => code))].sort();
}

function mark(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}
