// Every AQL text of the graph store. Values and collections enter as bind variables of the `aql` template, never as text.
// 1. A query names itself in its first comment, so that logs, slow-query lists and tests can tell them apart.
// 2. No query reads what it wrote; a query that removes finds first, because `ignoreErrors` would hide lost races too.
// 3. `put` replaces, `append` refuses a key that is there: numbered rows are never written twice.
import { type AqlQuery, aql } from 'arangojs/aql';
import type { ArangoCollection } from 'arangojs/collections';

/** A document as it stands in every collection but `counters`. */
export type ArangoRow = {
  readonly _key: string;
  /** As the rest of the program knows it. */
  readonly key: string;
  readonly sortKey: string;
  readonly version: number;
  /** JSON text, so that what is read is to the byte what was written; `JSON_PARSE` in AQL opens it. */
  readonly body: string;
  /** Of audit rows. */
  readonly leafHash?: string;
  /** Of edges. */
  readonly _from?: string;
  readonly _to?: string;
};

export type FoundRow = {
  readonly key: string;
  readonly version: number;
  readonly body: string;
  readonly leafHash: string | null;
};
export type FoundVersion = { readonly key: string; readonly version: number };
export type Counters = { readonly version: number; readonly outbox: number };

export type ScanBounds = {
  readonly from: string;
  readonly end: string;
  readonly reverse: boolean;
  readonly limit: number | undefined;
};

export function getRows(collection: ArangoCollection, keys: readonly string[]): AqlQuery<FoundRow> {
  return aql`/* msx.get */
    FOR d IN ${collection}
      FILTER d._key IN ${[...keys]}
      RETURN { key: d.key, version: d.version, body: d.body, leafHash: d.leafHash }`;
}

export function getVersions(collection: ArangoCollection, keys: readonly string[]): AqlQuery<FoundVersion> {
  return aql`/* msx.versions */
    FOR d IN ${collection}
      FILTER d._key IN ${[...keys]}
      RETURN { key: d.key, version: d.version }`;
}

export function scanRows(collection: ArangoCollection, { from, end, reverse, limit }: ScanBounds): AqlQuery<FoundRow> {
  const some = limit === undefined ? aql`` : aql`LIMIT ${limit}`;
  if (reverse)
    return aql`/* msx.scan-back */
    FOR d IN ${collection}
      FILTER d.sortKey >= ${from} AND d.sortKey < ${end}
      SORT d.sortKey DESC
      ${some}
      RETURN { key: d.key, version: d.version, body: d.body, leafHash: d.leafHash }`;
  return aql`/* msx.scan */
    FOR d IN ${collection}
      FILTER d.sortKey >= ${from} AND d.sortKey < ${end}
      SORT d.sortKey
      ${some}
      RETURN { key: d.key, version: d.version, body: d.body, leafHash: d.leafHash }`;
}

export function putRows(collection: ArangoCollection, rows: readonly ArangoRow[]): AqlQuery<never> {
  return aql`/* msx.put */
    FOR r IN ${[...rows]}
      INSERT r INTO ${collection} OPTIONS { overwriteMode: "replace" }`;
}

export function appendRows(collection: ArangoCollection, rows: readonly ArangoRow[]): AqlQuery<never> {
  return aql`/* msx.append */
    FOR r IN ${[...rows]}
      INSERT r INTO ${collection} OPTIONS { overwriteMode: "conflict" }`;
}

export function removeRows(collection: ArangoCollection, keys: readonly string[]): AqlQuery<never> {
  return aql`/* msx.remove */
    FOR d IN ${collection}
      FILTER d._key IN ${[...keys]}
      REMOVE d IN ${collection}`;
}

/** Takes the next version and numbers for outbox rows; no row where the store was never migrated. */
export function takeNumbers(counters: ArangoCollection, outboxRows: number): AqlQuery<Counters> {
  return aql`/* msx.take-numbers */
    FOR c IN ${counters}
      FILTER c._key == "store"
      UPDATE c WITH { version: c.version + 1, outbox: c.outbox + ${outboxRows} } IN ${counters}
      RETURN { version: NEW.version, outbox: NEW.outbox }`;
}

/** Makes the counters where there are none. */
export function beginNumbers(counters: ArangoCollection): AqlQuery<never> {
  return aql`/* msx.begin-numbers */
    INSERT { _key: "store", version: 0, outbox: 0 } INTO ${counters} OPTIONS { overwriteMode: "ignore" }`;
}

export function getSchema(counters: ArangoCollection): AqlQuery<number> {
  return aql`/* msx.get-schema */
    FOR c IN ${counters}
      FILTER c._key == "schema"
      RETURN c.value`;
}

export function putSchema(counters: ArangoCollection, value: number): AqlQuery<never> {
  return aql`/* msx.put-schema */
    INSERT { _key: "schema", value: ${value} } INTO ${counters} OPTIONS { overwriteMode: "replace" }`;
}
