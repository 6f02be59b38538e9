// For tests: every query with values as they may come, so that all can be looked at, here and by a server.
import type { AqlQuery } from 'arangojs/aql';
import type { ArangoCollection } from 'arangojs/collections';
import { scanBounds } from './arango-key.ts';
import {
  appendRows,
  beginNumbers,
  getRows,
  getSchema,
  getVersions,
  putRows,
  putSchema,
  removeRows,
  scanRows,
  takeNumbers,
} from './arango-queries.ts';
import { ownCollections } from './arango-schema.ts';
import { makeRow } from './arango-writes.ts';

export function everyQuery(collection: (name: string) => ArangoCollection): readonly AqlQuery[] {
  const documents = collection('environments');
  const counters = collection(ownCollections.counters);
  const row = makeRow('default/a', 1, '{}');
  const bounds = scanBounds({ prefix: 'default/' });
  const scans = [false, true].flatMap((reverse) =>
    [undefined, 10].map((limit) => scanRows(documents, { ...bounds, reverse, limit })),
  );
  return [
    getRows(documents, [row._key]),
    getVersions(documents, [row._key]),
    ...scans,
    putRows(documents, [row]),
    appendRows(collection(ownCollections.outbox), [row]),
    removeRows(documents, [row._key]),
    takeNumbers(counters, 2),
    beginNumbers(counters),
    getSchema(counters),
    putSchema(counters, 1),
  ];
}
