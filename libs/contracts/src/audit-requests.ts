import type { SignedNote } from '@microstax/model/checkpoint';
import { defineRequest } from './request-contract.ts';

/** An entry of the audit log as its hash was made: the text is canonical JSON and is never written anew. */
export type AuditEntryText = {
  /** Counted from 1. */
  readonly n: number;
  readonly entry: string;
  /** sha256(0x00 ‖ entry), in hexadecimal. */
  readonly leafHash: string;
};

/** Whose log it is, and what its checkpoints are signed with. */
export type AuditLogName = {
  readonly org: string;
  /** First line and signer of every checkpoint. */
  readonly origin: string;
  /** PEM. */
  readonly publicKey: string;
  /** The same key as verifiers of signed notes take it. */
  readonly verifierKey: string;
};

type AuditRefusal =
  | { readonly kind: 'not found'; readonly reason: string }
  /** The log is not what was signed: nothing more is proved or signed. */
  | { readonly kind: 'altered'; readonly reason: string };

export type AuditProofRequest = {
  readonly n: number;
  /** The size of the checkpoint to prove it in; default: the newest one, made at once where it does not cover the entry. */
  readonly size?: number | undefined;
};
export type AuditProofReply =
  | {
      readonly kind: 'proof';
      readonly log: AuditLogName;
      readonly entry: AuditEntryText;
      readonly checkpoint: SignedNote;
      readonly size: number;
      /** The path from the entry to the root, in hexadecimal (RFC 9162, 2.1.3). */
      readonly inclusion: readonly string[];
    }
  | AuditRefusal;
export const auditProof = defineRequest<AuditProofRequest, AuditProofReply>(
  'graph',
  'audit-proof',
  'An entry of the audit log, a signed checkpoint, and the proof that it has the entry',
);

export type AuditConsistencyRequest = {
  /** Sizes of two checkpoints; `to` is the newest one by default. */
  readonly from: number;
  readonly to?: number | undefined;
};
export type AuditConsistencyReply =
  | {
      readonly kind: 'consistency';
      readonly log: AuditLogName;
      readonly from: SignedNote;
      readonly to: SignedNote;
      /** In hexadecimal (RFC 9162, 2.1.4). */
      readonly consistency: readonly string[];
    }
  | AuditRefusal;
export const auditConsistency = defineRequest<AuditConsistencyRequest, AuditConsistencyReply>(
  'graph',
  'audit-consistency',
  'Two signed checkpoints of the audit log, and the proof that the later one only added to the earlier one',
);

export type AuditExportRequest = {
  /** Entries behind this number. */
  readonly after?: number | undefined;
  /** At most and by default 500. */
  readonly limit?: number | undefined;
};
export type AuditExportReply =
  | {
      readonly kind: 'page';
      readonly log: AuditLogName;
      readonly entries: readonly AuditEntryText[];
      /** Checkpoints whose last entry is on this page, oldest first. */
      readonly checkpoints: readonly SignedNote[];
      /** To be asked for next; null where a checkpoint covers the last entry of this page and there are no more. */
      readonly next: number | null;
    }
  | AuditRefusal;
export const auditExport = defineRequest<AuditExportRequest, AuditExportReply>(
  'graph',
  'audit-export',
  'The audit log in pages, with its checkpoints',
);

export const auditRequests = [auditProof, auditConsistency, auditExport] as const;
