import {
  type AuditEntryText,
  type AuditExportReply,
  type AuditLogName,
  auditConsistency,
  auditExport,
  auditProof,
} from '@microstax/contracts/audit-requests';
import type { SignedNote } from '@microstax/model/checkpoint';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { ask, type Session } from './session.ts';

/** The whole audit log as `docs/audit/verify.mjs` takes it. */
export type AuditExport = AuditLogName & {
  readonly format: 'microstax-audit-export/v1';
  readonly entries: readonly AuditEntryText[];
  readonly checkpoints: readonly SignedNote[];
};

/** One entry with all that is needed to verify it, and nothing else of the log. */
export type AuditProof = AuditLogName & {
  readonly format: 'microstax-audit-proof/v1';
  readonly entry: AuditEntryText;
  readonly checkpoint: SignedNote;
  readonly inclusion: readonly string[];
  readonly since?: { readonly checkpoint: SignedNote; readonly consistency: readonly string[] };
};

export async function readAuditExport(session: Session): Promise<AuditExport> {
  const pages = [];
  let name: AuditLogName | undefined;
  for (let after: number | null = 0; after !== null; ) {
    const page: Page = found(await ask(session, auditExport, { after }));
    pages.push(page);
    name ??= page.log;
    after = page.next;
  }
  return {
    format: 'microstax-audit-export/v1',
    ...(name as AuditLogName),
    entries: pages.flatMap(({ entries }) => entries),
    checkpoints: pages.flatMap(({ checkpoints }) => checkpoints),
  };
}

type Page = Extract<AuditExportReply, { kind: 'page' }>;

/** The public key, without the log. */
export async function readAuditLogName(session: Session): Promise<AuditLogName> {
  return found(await ask(session, auditExport, { limit: 1 })).log;
}

/** Of an entry in the checkpoint of `size` (default: the newest), and that it grew from the checkpoint of `since`. */
export async function readAuditProof(
  session: Session,
  { n, size, since }: { readonly n: number; readonly size: number | undefined; readonly since: number | undefined },
): Promise<AuditProof> {
  const proof = found(await ask(session, auditProof, { n, size }));
  const { log, entry, checkpoint, inclusion } = proof;
  const plain: AuditProof = { format: 'microstax-audit-proof/v1', ...log, entry, checkpoint, inclusion };
  if (since === undefined) return plain;
  const { from, consistency } = found(await ask(session, auditConsistency, { from: since, to: proof.size }));
  return { ...plain, since: { checkpoint: from, consistency } };
}

function found<T extends { readonly kind: string }>(
  reply: T | { readonly kind: 'not found' | 'altered'; readonly reason: string },
): Exclude<T, { kind: 'not found' | 'altered' }> {
  if (!('reason' in reply)) return reply as Exclude<T, { kind: 'not found' | 'altered' }>;
  if (reply.kind === 'not found')
    throw new CliError({
      code: 'not-found',
      message: reply.reason,
      next: 'msx audit list',
      exitCode: exitCodes.notFound,
    });
  throw new CliError({ code: 'altered', message: reply.reason, next: 'msx audit verify' });
}
