import { createHash } from 'node:crypto';
import { canonicalJson } from '@microstax/model/canonical-json';
import { compareText } from '@microstax/model/compare';
import { type Collection, type Place, placeText } from '../core/changes.ts';
import type { Batch, CommitResult, GraphStore, LogRow, ScanRange, Stored } from '../shell/store/graph-store.ts';

type Document = {
  readonly collection: Collection;
  readonly key: string;
  readonly version: number;
  readonly text: string;
};

/** The port of the store in the fewest words: what the adapters are compared with, and quick for long random histories. */
export class MemoryStore implements GraphStore {
  readonly #documents = new Map<string, Document>();
  readonly #logs = new Map<string, LogRow[]>();
  #version = 0;
  #outbox = 0;

  async get<T>(collection: Collection, key: string): Promise<Stored<T> | undefined> {
    return this.#find<T>({ collection, key });
  }

  async getMany<T>(places: readonly Place[]): Promise<readonly (Stored<T> | undefined)[]> {
    return places.map((place) => this.#find<T>(place));
  }

  async scan<T>(collection: Collection, { prefix, after, limit, reverse }: ScanRange): Promise<readonly Stored<T>[]> {
    const beyond = (key: string): boolean => after === undefined || (reverse ? key < after : key > after);
    const found = this.#all()
      .filter((row) => row.collection === collection && row.key.startsWith(prefix) && beyond(row.key))
      .sort((a, b) => (reverse ? compareText(b.key, a.key) : compareText(a.key, b.key)));
    return found.slice(0, limit).map((row) => stored<T>(row));
  }

  async readLog<T>(
    log: 'outbox' | 'audit',
    { org = '*', after = 0, limit }: { readonly org?: string; readonly after?: number; readonly limit?: number },
  ): Promise<readonly LogRow<T>[]> {
    const rows = this.#logs.get(log === 'audit' ? `audit/${org}` : log) ?? [];
    return rows.filter(({ n }) => n > after).slice(0, limit) as LogRow<T>[];
  }

  async commit({ guards, puts, removes, appends, settled = [] }: Batch): Promise<CommitResult> {
    for (const { collection, key, version: expected } of guards) {
      const found = this.#documents.get(placeText({ collection, key }))?.version ?? 0;
      if (found !== expected) return { kind: 'conflict', at: { collection, key }, expected, found };
    }
    const version = ++this.#version;
    for (const { collection, key, body } of puts)
      this.#documents.set(placeText({ collection, key }), { collection, key, version, text: JSON.stringify(body) });
    for (const place of removes) this.#documents.delete(placeText(place));
    const outbox = this.#logs.get('outbox') ?? [];
    const appended = appends.map(({ log, org, body }) => ({ log, org, n: this.#append(log, org, body) }));
    if (settled.length > 0)
      this.#logs.set(
        'outbox',
        outbox.filter(({ n }) => !settled.includes(n)),
      );
    return { kind: 'committed', version, appended };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Every document of some collections, as text by place, to compare two moments. */
  dump(wanted: readonly { readonly collection: Collection; readonly prefix: string }[]): ReadonlyMap<string, string> {
    const isWanted = (row: Document) =>
      wanted.some(({ collection, prefix }) => row.collection === collection && row.key.startsWith(prefix));
    const rows = this.#all().filter(isWanted);
    return new Map(
      rows.map((row): [string, string] => [placeText(row), row.text]).sort(([a], [b]) => compareText(a, b)),
    );
  }

  #all(): Document[] {
    return [...this.#documents.values()];
  }

  #find<T>(place: Place): Stored<T> | undefined {
    const row = this.#documents.get(placeText(place));
    return row && stored<T>(row);
  }

  #append(log: 'outbox' | 'audit', org: string, body: unknown): number {
    const name = log === 'audit' ? `audit/${org}` : log;
    const rows = this.#logs.get(name) ?? [];
    this.#logs.set(name, rows);
    const n = log === 'audit' ? rows.length + 1 : ++this.#outbox;
    rows.push(log === 'audit' ? auditRow(org, n, body) : { log, org: '*', n, body: copy(body), leafHash: null });
    return n;
  }
}

function auditRow(org: string, n: number, body: unknown): LogRow {
  const entry = { ...(copy(body) as object), n };
  const leafHash = createHash('sha256').update(Buffer.of(0)).update(canonicalJson(entry)).digest('hex');
  return { log: 'audit', org, n, body: entry, leafHash };
}

function stored<T>({ collection, key, version, text }: Document): Stored<T> {
  return { collection, key, version, body: JSON.parse(text) as T };
}

function copy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
