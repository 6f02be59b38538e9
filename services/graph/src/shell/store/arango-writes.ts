// What a batch becomes in collections of ArangoDB: a pure function of the batch and the numbers it was given.
import type { Collection, LogName } from '../../core/changes.ts';
import { documentKey, sortKey } from './arango-key.ts';
import type { ArangoRow, Counters } from './arango-queries.ts';
import { ownCollections } from './arango-schema.ts';
import type { Batch, Guard } from './graph-store.ts';
import { outboxOrg } from './sqlite-database.ts';

export type Writes = {
  /** Rows that replace what stands under their key. */
  readonly puts: ReadonlyMap<string, readonly ArangoRow[]>;
  /** Rows under keys that are new. */
  readonly appends: ReadonlyMap<string, readonly ArangoRow[]>;
  /** `_key`s of rows that go, where they are there. */
  readonly removes: ReadonlyMap<string, readonly string[]>;
  readonly appended: readonly { readonly log: LogName; readonly org: string; readonly n: number | null }[];
};

const numberDigits = 16; // every safe integer

export function makeRow(key: string, version: number, body: string): ArangoRow {
  return { _key: documentKey(key), key, sortKey: sortKey(key), version, body };
}

/** The key of a numbered row; the order of keys is the order of numbers. */
export function logKey(org: string, n: number): string {
  return `${org}/${String(n).padStart(numberDigits, '0')}`;
}

/** How many outbox rows a batch appends: so many numbers it needs. */
export function outboxRowsOf({ appends }: Batch): number {
  return appends.filter(({ log }) => log === 'outbox').length;
}

/** Every write of a batch, grouped by collection. `numbers` are the counters after they were taken for it. */
export function writesOf(batch: Batch, numbers: Counters): Writes {
  const { version } = numbers;
  const puts = new Map<string, ArangoRow[]>();
  const appends = new Map<string, ArangoRow[]>();
  const removes = new Map<string, string[]>();
  for (const { collection, key, body } of batch.puts) {
    const row = makeRow(key, version, jsonText(body));
    listIn(puts, collection).push(row);
    if (collection !== 'environments') continue;
    const parent = parentOf(body);
    if (parent === undefined) listIn(removes, ownCollections.overlays).push(row._key);
    else listIn(puts, ownCollections.overlays).push(overlayEdge(row, parent));
  }
  for (const { collection, key } of batch.removes) {
    listIn(removes, collection).push(documentKey(key));
    if (collection === 'environments') listIn(removes, ownCollections.overlays).push(documentKey(key));
  }
  for (const n of batch.settled ?? []) listIn(removes, ownCollections.outbox).push(documentKey(logKey(outboxOrg, n)));

  let outbox = numbers.outbox - outboxRowsOf(batch);
  const appended = batch.appends.map(({ log, org, body }, index) => {
    if (log === 'audit') {
      // In the order of commits, and within one in its own order: so the sequencer numbers them.
      const key = `${logKey(org, version)}/${String(index).padStart(numberDigits, '0')}`;
      listIn(appends, ownCollections.auditPending).push(makeRow(key, version, jsonText(body)));
      return { log, org, n: null };
    }
    const n = ++outbox;
    listIn(appends, ownCollections.outbox).push(makeRow(logKey(outboxOrg, n), version, jsonText(body)));
    return { log, org, n };
  });
  return { puts, appends, removes, appended };
}

/** Collections that a batch will write, known before its numbers are. */
export function writtenBy(batch: Batch): readonly string[] {
  const { puts, appends, removes } = writesOf(batch, { version: 0, outbox: 0 });
  return [...new Set([ownCollections.counters, ...puts.keys(), ...appends.keys(), ...removes.keys()])];
}

/** Guards by collection, in the order in which a batch names them. */
export function guardsByCollection({ guards }: Batch): ReadonlyMap<Collection, readonly Guard[]> {
  return Map.groupBy(guards, ({ collection }) => collection);
}

function jsonText(body: unknown): string {
  const text = JSON.stringify(body) as string | undefined;
  if (text === undefined) throw new TypeError(`Cannot store ${String(body)}: JSON has no text for it`);
  return text;
}

function overlayEdge(environment: ArangoRow, parentKey: string): ArangoRow {
  return {
    ...environment,
    body: 'null',
    _from: `environments/${environment._key}`,
    _to: `environments/${documentKey(parentKey)}`,
  };
}

function parentOf(body: unknown): string | undefined {
  const { org, parent } = (body ?? {}) as { readonly org?: unknown; readonly parent?: unknown };
  return typeof org === 'string' && typeof parent === 'string' ? `${org}/${parent}` : undefined;
}

function listIn<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}
