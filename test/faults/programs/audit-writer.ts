import { join } from 'node:path';
import { audit } from '../../../services/graph/src/core/audit.ts';
import { openAuditKey } from '../../../services/graph/src/shell/audit/audit-key.ts';
import { AuditLog } from '../../../services/graph/src/shell/audit/audit-log.ts';
import { CheckpointFiles } from '../../../services/graph/src/shell/audit/checkpoint-files.ts';
import { openSqliteStore } from '../../../services/graph/src/shell/store/sqlite-store.ts';

/** Commits entries of the audit log and signs checkpoints, both as fast as it can, and says how far it is, until it is killed. */
const folder = process.argv[2] ?? '';
const store = await openSqliteStore(join(folder, 'graph.db'));
const key = openAuditKey(join(folder, 'key.pem'));
const files = new CheckpointFiles(join(folder, 'checkpoints'));
const log = new AuditLog({ org: 'default', store, key, files, now: () => Date.now() });
const entry = audit('default', { at: 1, actor: null, verb: 'revised', subject: 'shop@1', digest: null });

async function commit(): Promise<void> {
  for (;;) {
    const result = await store.commit({ guards: [], puts: [], removes: [], appends: [entry] });
    if (result.kind === 'committed') process.stdout.write(`entry ${result.appended[0]?.n}\n`);
  }
}

async function sign(): Promise<void> {
  for (;;) {
    const last = await log.whenCurrent(() => log.seal());
    if (log.altered !== null) throw new Error(log.altered);
    if (last !== null) process.stdout.write(`checkpoint ${last.size}\n`);
  }
}

await Promise.all([commit(), sign()]);
