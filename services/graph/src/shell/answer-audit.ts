import type {
  AuditConsistencyReply,
  AuditConsistencyRequest,
  AuditEntryText,
  AuditExportReply,
  AuditExportRequest,
  AuditLogName,
  AuditProofReply,
  AuditProofRequest,
} from '@microstax/contracts/audit-requests';
import { canonicalJson } from '@microstax/model/canonical-json';
import { auditOrigin, verifierKey } from '@microstax/model/checkpoint';
import { hexOf } from '@microstax/model/merkle';
import type { CheckpointDocument } from '../core/documents.ts';
import type { AuditLog } from './audit/audit-log.ts';
import type { AuditLogs } from './audit/audit-logs.ts';
import type { LogRow } from './store/graph-store.ts';

type Graph = { readonly audit: AuditLogs };
type About = { readonly org: string };

const pageEntries = 500; // with their checkpoints well below the payload limit of any bus

/** An entry and the proof that a signed checkpoint has it. */
export async function answerAuditProof(
  { audit }: Graph,
  { n, size }: AuditProofRequest,
  { org }: About,
): Promise<AuditProofReply> {
  return audit.read(org, async (log) => {
    const last = log.tree.size;
    if (!isCount(n) || n > last) return notFound(`The audit log of "${org}" has no entry ${n}: it has ${last}`);
    const found = size === undefined ? await newestOver(log, n) : await known(log, org, size);
    if (log.altered !== null) return altered(org, log.altered);
    if ('kind' in found) return found;
    if (n > found.size)
      return notFound(`The checkpoint of ${found.size} entries does not cover entry ${n}; ask without a size`);
    const [row] = await log.rows(n - 1, 1);
    if (row?.n !== n) return altered(org, `entry ${n} is missing`);
    return {
      kind: 'proof',
      log: nameOf(audit, org),
      entry: entryOf(row),
      checkpoint: found.note,
      size: found.size,
      inclusion: log.tree.inclusion(n - 1, found.size).map(hexOf),
    };
  });
}

/** Two checkpoints and the proof that the log only grew between them. */
export async function answerAuditConsistency(
  { audit }: Graph,
  request: AuditConsistencyRequest,
  { org }: About,
): Promise<AuditConsistencyReply> {
  return audit.read(org, async (log) => {
    const to = request.to === undefined ? await newestOver(log, log.tree.size) : await known(log, org, request.to);
    if (log.altered !== null) return altered(org, log.altered);
    if ('kind' in to) return to;
    const from = await known(log, org, request.from);
    if ('kind' in from) return from;
    if (from.size > to.size) return notFound(`The log cannot grow from ${from.size} entries to ${to.size}`);
    const consistency = log.tree.consistency(from.size, to.size).map(hexOf);
    return { kind: 'consistency', log: nameOf(audit, org), from: from.note, to: to.note, consistency };
  });
}

/** A page of the log as the store has it, altered or not: who verifies finds what is wrong. */
export async function answerAuditExport(
  { audit }: Graph,
  { after = 0, limit = pageEntries }: AuditExportRequest,
  { org }: About,
): Promise<AuditExportReply> {
  if (!isCount(after + 1) || !isCount(limit)) return notFound('Cannot export: `after` and `limit` are whole numbers');
  return audit.read(org, async (log) => {
    const size = Math.min(limit, pageEntries);
    const rows = await log.rows(after, size);
    const end = rows.at(-1)?.n ?? after;
    const isLast = rows.length < size || (log.altered === null && end >= log.tree.size);
    const sealed = isLast ? await log.seal() : null;
    // Entries that arrived since the tree was read have no checkpoint yet: they are on the next page.
    const covered = sealed === null || log.altered !== null ? rows : rows.filter(({ n }) => n <= sealed.size);
    const upTo = isLast ? Number.MAX_SAFE_INTEGER : end;
    return {
      kind: 'page',
      log: nameOf(audit, org),
      entries: covered.map(entryOf),
      checkpoints: (await log.checkpoints(after, upTo, size)).map(({ note }) => note),
      next: isLast ? null : end,
    };
  });
}

async function newestOver(log: AuditLog, n: number): Promise<CheckpointDocument | NotFound> {
  const last = log.last !== null && log.last.size >= n ? log.last : await log.seal();
  return last ?? notFound('The audit log has no entries yet');
}

async function known(log: AuditLog, org: string, size: number): Promise<CheckpointDocument | NotFound> {
  const found = isCount(size) ? await log.checkpointOf(size) : null;
  if (found !== null && found.size <= log.tree.size) return found;
  const [next] = isCount(size) ? await log.checkpoints(size, Number.MAX_SAFE_INTEGER, 1) : [];
  const newest = log.last === null ? 'there is none yet' : `the newest is of ${log.last.size}`;
  const sizes = next === undefined ? newest : `the next one is of ${next.size}, ${newest}`;
  return notFound(`The audit log of "${org}" has no checkpoint of ${size} entries; ${sizes}`);
}

function entryOf({ n, body, leafHash }: LogRow): AuditEntryText {
  return { n, entry: canonicalJson(body), leafHash: leafHash ?? '' };
}

function nameOf(audit: AuditLogs, org: string): AuditLogName {
  const origin = auditOrigin(org);
  return { org, origin, publicKey: audit.publicPem, verifierKey: verifierKey(origin, audit.publicPem) };
}

type NotFound = { readonly kind: 'not found'; readonly reason: string };

function notFound(reason: string): NotFound {
  return { kind: 'not found', reason };
}

function altered(org: string, why: string): { readonly kind: 'altered'; readonly reason: string } {
  return { kind: 'altered', reason: `The audit log of "${org}" is not what was signed: ${why}` };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
