// Owns: the tree over one organisation's audit log, and its checkpoints. Does not own the entries: the store does.
// 1. The tree is built from what the store has, entry by entry, each hashed again: what was changed is found at the start.
// 2. A checkpoint is signed only where the log is the last one's log, grown. Where it is not, nothing is signed or proved
//    any more until somebody has looked: a signature would make the change look right.
// 3. A checkpoint is in the store, then in its file, then the last one. A crash between them is made good by the next.
// 4. One piece of work at a time, in the order asked.
import { canonicalJson } from '@microstax/model/canonical-json';
import { auditOrigin, readCheckpoint, type SignedNote, signCheckpoint } from '@microstax/model/checkpoint';
import { hexOf, leafHashOf } from '@microstax/model/merkle';
import { must } from '@microstax/model/must';
import { whyAltered } from '../../core/audit-seal.ts';
import type { CheckpointDocument } from '../../core/documents.ts';
import { MerkleTree } from '../../core/merkle.ts';
import { checkpointAt, checkpointPrefix } from '../../core/places.ts';
import type { GraphStore, LogRow } from '../store/graph-store.ts';
import type { AuditKey } from './audit-key.ts';
import type { CheckpointFiles } from './checkpoint-files.ts';

const pageRows = 512; // hashed in one go, about 20 ms

export type AuditLogParts = {
  readonly org: string;
  readonly store: GraphStore;
  readonly key: AuditKey;
  readonly files: CheckpointFiles;
  readonly now: () => number;
};

export class AuditLog {
  readonly tree = new MerkleTree();
  readonly #parts: AuditLogParts;
  #last: CheckpointDocument | null = null;
  #opened = false;
  #altered: string | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: AuditLogParts) {
    this.#parts = parts;
  }

  /** Why nothing is signed any more; null while all is well. */
  get altered(): string | null {
    return this.#altered;
  }

  /** Runs work when the tree has every entry that was committed by now; gives up where the signal aborts while it reads. */
  whenCurrent<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#queue.then(async () => {
      await this.#catchUp(signal);
      return work();
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** The newest checkpoint, made now where entries were added since. To be called by work that `whenCurrent` runs. */
  async seal(): Promise<CheckpointDocument | null> {
    const { org, key, files, now } = this.#parts;
    const size = this.tree.size;
    if (this.#altered !== null || size === (this.#last?.size ?? 0)) return this.#last;
    if (this.#last !== null) this.#altered = this.#whyNot(this.#last.note);
    if (this.#altered !== null) return this.#last;
    const note = signCheckpoint({ origin: auditOrigin(org), size, root: this.tree.root() }, key.privatePem);
    const kept = await this.#keep({ size, note, at: now() });
    if (this.#altered !== null) return this.#last;
    await files.write(org, size, kept.note);
    this.#last = kept;
    return kept;
  }

  /** The newest checkpoint that there is, covering the entry or not. */
  get last(): CheckpointDocument | null {
    return this.#last;
  }

  async checkpointOf(size: number): Promise<CheckpointDocument | null> {
    const { collection, key } = checkpointAt(this.#parts.org, size);
    return (await this.#parts.store.get<CheckpointDocument>(collection, key))?.body ?? null;
  }

  /** Checkpoints of sizes beyond `after`, up to `upTo`, smallest first. */
  async checkpoints(after: number, upTo: number, limit: number): Promise<readonly CheckpointDocument[]> {
    const { org, store } = this.#parts;
    const { collection, key } = checkpointAt(org, after);
    const rows = await store.scan<CheckpointDocument>(collection, { prefix: checkpointPrefix(org), after: key, limit });
    return rows.map(({ body }) => body).filter(({ size }) => size <= upTo);
  }

  rows(after: number, limit: number): Promise<readonly LogRow[]> {
    const { org, store } = this.#parts;
    return store.readLog('audit', { org, after, limit });
  }

  async #catchUp(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (this.#altered !== null) return;
      signal?.throwIfAborted();
      const rows = await this.rows(this.tree.size, pageRows);
      for (const row of rows) if (!this.#take(row)) return;
      if (rows.length < pageRows) break;
    }
    if (!this.#opened) await this.#open();
    this.#opened = true;
  }

  #take(row: LogRow): boolean {
    const n = this.tree.size + 1;
    const leaf = leafHashOf(canonicalJson(row.body));
    if (row.n !== n) this.#altered = `entry ${n} is missing: behind entry ${n - 1} the log has entry ${row.n}`;
    else if (hexOf(leaf) !== row.leafHash) this.#altered = `entry ${n} was changed: it does not have its hash`;
    else this.tree.append(leaf);
    return this.#altered === null;
  }

  /** What was signed before this process began must be a part of the log, whether the store remembers it or a file. */
  async #open(): Promise<void> {
    const { org, store, files } = this.#parts;
    const { collection } = checkpointAt(org, 0);
    const range = { prefix: checkpointPrefix(org), reverse: true, limit: 1 };
    const [kept] = await store.scan<CheckpointDocument>(collection, range);
    const filed = await files.newest(org);
    for (const note of [kept?.body.note, filed]) {
      if (note !== undefined) this.#altered ??= this.#whyNot(note);
    }
    this.#last = kept?.body ?? null;
    if (kept !== undefined && this.#altered === null && filed !== kept.body.note)
      await files.write(org, kept.body.size, kept.body.note);
  }

  #whyNot(note: SignedNote): string | null {
    const checkpoint = readCheckpoint(note);
    if (checkpoint?.origin !== auditOrigin(this.#parts.org)) return 'a checkpoint of it cannot be read';
    return whyAltered(this.tree, checkpoint);
  }

  /** Of two processes that sign one size, the first one's checkpoint counts for both. */
  async #keep(document: CheckpointDocument): Promise<CheckpointDocument> {
    const { org, store } = this.#parts;
    const place = checkpointAt(org, document.size);
    const result = await store.commit({
      guards: [{ ...place, version: 0 }],
      puts: [{ ...place, body: document }],
      removes: [],
      appends: [],
    });
    if (result.kind === 'committed') return document;
    const there = must(await this.checkpointOf(document.size), 'a guard is lost where something is');
    this.#altered = this.#whyNot(there.note);
    return there;
  }
}
