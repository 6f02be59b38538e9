import type { Clock } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';
import { unsealedMax } from '../../core/audit-seal.ts';
import type { Append } from '../../core/changes.ts';
import type { EnvironmentDocument } from '../../core/documents.ts';
import { auditLogWasAltered, auditLogWasSealed } from '../../events.ts';
import { type Loop, startLoop } from '../loop.ts';
import type { GraphStore } from '../store/graph-store.ts';
import type { AuditKey } from './audit-key.ts';
import { AuditLog } from './audit-log.ts';
import { CheckpointFiles } from './checkpoint-files.ts';

export type AuditOptions = {
  readonly store: GraphStore;
  readonly log: Log;
  readonly clock: Clock;
  readonly key: AuditKey;
  /** Where checkpoints are written as files. */
  readonly folder: string;
  /** What was added is covered by a checkpoint after so long, or after `unsealedMax` entries. */
  readonly checkpointMs: number;
};

/** Signs checkpoints of the audit logs of all organisations until it is disposed; then once more what was added since. */
export class AuditLogs implements AsyncDisposable {
  readonly #options: AuditOptions;
  readonly #files: CheckpointFiles;
  readonly #logs = new Map<string, AuditLog>();
  /** Entries by organisation that no checkpoint covers yet, about; an organisation that has to be looked at. */
  readonly #unsealed = new Map<string, number>();
  /** Organisations from before the start, whose whole log has to be read first: nobody waits for that at the end. */
  readonly #unread: Set<string>;
  readonly #ending = new AbortController();
  readonly #loop: Loop;

  /** Begins with reading every log once, beside all other work. */
  static async start(options: AuditOptions): Promise<AuditLogs> {
    const rows = await options.store.scan<EnvironmentDocument>('environments', { prefix: '' });
    const files = new CheckpointFiles(options.folder);
    return new AuditLogs(options, files, [...rows.map(({ body }) => body.org), ...(await files.orgs())]);
  }

  private constructor(options: AuditOptions, files: CheckpointFiles, orgs: readonly string[]) {
    this.#options = options;
    this.#files = files;
    this.#unread = new Set(orgs);
    for (const org of orgs) this.#unsealed.set(org, 0);
    const { log, clock, checkpointMs } = options;
    this.#loop = startLoop({ name: 'audit', log, clock, restMs: checkpointMs, work: () => this.#sealAll() });
  }

  get publicPem(): string {
    return this.#options.key.publicPem;
  }

  /** A commit added entries. */
  follow(appended: readonly Append[]): void {
    for (const { log, org } of appended) {
      if (log !== 'audit') continue;
      const count = (this.#unsealed.get(org) ?? 0) + 1;
      this.#unsealed.set(org, count);
      if (count === unsealedMax) this.#loop.wake();
    }
  }

  /** The log of an organisation, with every entry that was committed before the work begins. */
  async read<T>(org: string, work: (log: AuditLog) => Promise<T>): Promise<T> {
    const audit = this.#logs.get(org) ?? this.#newLog(org);
    const result = await audit.whenCurrent(() => work(audit));
    // Anybody can ask for an organisation that does not exist; only what has entries is kept in memory.
    if (audit.tree.size > 0 && !this.#logs.has(org)) this.#logs.set(org, audit);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#loop[Symbol.asyncDispose]();
    for (const org of this.#unsealed.keys()) {
      if (this.#unread.has(org)) continue;
      await this.#seal(org).catch((error: unknown) =>
        this.#options.log.warn({ err: error, org }, 'the last entries of the audit log have no checkpoint yet'),
      );
    }
  }

  async #sealAll(): Promise<boolean> {
    const failures: unknown[] = [];
    for (const org of [...this.#unsealed.keys()]) {
      if (this.#ending.signal.aborted) return false;
      await this.#seal(org).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0 && !this.#ending.signal.aborted) throw failures[0];
    return false;
  }

  async #seal(org: string): Promise<void> {
    const audit = this.#logs.get(org) ?? this.#newLog(org);
    this.#logs.set(org, audit);
    const { log } = this.#options;
    // Entries that arrive while this works are counted anew.
    this.#unsealed.delete(org);
    try {
      const before = audit.last;
      const wasAltered = audit.altered !== null;
      const last = await audit.whenCurrent(() => audit.seal(), this.#unread.has(org) ? this.#ending.signal : undefined);
      this.#unread.delete(org);
      if (audit.altered !== null && !wasAltered) auditLogWasAltered(log, { org, reason: audit.altered });
      else if (last !== null && last !== before) auditLogWasSealed(log, { org, size: last.size });
    } catch (error) {
      this.#unsealed.set(org, this.#unsealed.get(org) ?? 0);
      throw error;
    }
  }

  #newLog(org: string): AuditLog {
    const { store, key, clock } = this.#options;
    return new AuditLog({ org, store, key, files: this.#files, now: () => clock.now() });
  }
}
