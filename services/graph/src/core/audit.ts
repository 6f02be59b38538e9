import type { Append } from './changes.ts';
import type { AuditBody } from './documents.ts';

/**
 * A leaf of the organisation's audit log, numbered and hashed by the store in the commit that it records. It can never
 * be taken back, so it names and never holds: no bodies, no reasons, no secrets.
 */
export function audit(org: string, { submission = null, ...body }: Leaf): Append {
  return { log: 'audit', org, body: { ...body, org, submission } satisfies AuditBody };
}

type Leaf = Omit<AuditBody, 'org' | 'submission'> & { readonly submission?: string | null };
