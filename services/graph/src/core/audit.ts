import type { Append } from './changes.ts';
import type { AuditBody } from './documents.ts';

/** A leaf of the organisation's audit log, numbered and hashed by the store in the commit that it records. */
export function audit(org: string, body: AuditBody): Append {
  return { log: 'audit', org, body };
}
