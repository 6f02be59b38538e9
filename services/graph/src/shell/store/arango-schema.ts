// What a database of ours holds, and the steps that bring one there.
// 1. ArangoDB runs definitions outside of transactions, so every step can be taken again, and the number comes last.
// 2. Two processes may migrate at once: what the other one made first is no error.
import type { Database } from 'arangojs/databases';
import { isArangoError } from 'arangojs/errors';
import { collections } from '../../core/changes.ts';
import { type ArangoConnection, runQuery } from './arango-connection.ts';
import { errorNumbers } from './arango-errors.ts';
import { beginNumbers, getSchema, putSchema } from './arango-queries.ts';
import { StoreError } from './graph-store.ts';

/** Collections beside those that the rest of the program names. */
export const ownCollections = {
  /** One document counts versions and outbox rows; every commit writes it. */
  counters: 'counters',
  outbox: 'outbox',
  /** Numbered leaves, only ever appended. */
  audit: 'audit',
  /** Leaves that a commit wrote and the sequencer has not numbered yet. */
  auditPending: 'audit_pending',
  /** Edges from an environment to its parent, written with the environment's row. */
  overlays: 'overlays',
} as const;

export const lineageGraph = 'lineage_graph';

/** Replicas of a new database in a cluster; a database that is there already keeps its own. */
const replicas = { replicationFactor: 3, writeConcern: 2 };

type Migration = (arango: ArangoConnection) => Promise<void>;

/** One entry per change, never edited once released. */
const migrations: readonly Migration[] = [
  async (arango) => {
    const { db } = arango;
    const { counters, outbox, audit, auditPending, overlays } = ownCollections;
    const sorted = [...collections, outbox, audit, auditPending];
    for (const name of [...sorted, counters])
      await unlessThere(errorNumbers.duplicateName, () => db.createCollection(name));
    await unlessThere(errorNumbers.duplicateName, () => db.createEdgeCollection(overlays));
    for (const name of sorted)
      await db.collection(name).ensureIndex({ type: 'persistent', name: 'by_sort_key', fields: ['sortKey'] });
    await unlessThere(errorNumbers.duplicateGraph, () =>
      db.createGraph(lineageGraph, [{ collection: overlays, from: ['environments'], to: ['environments'] }]),
    );
    await runQuery(arango, beginNumbers(db.collection(counters)), 1);
  },
];

/** Makes the database where there is none and brings it up to date. Rejects where a newer program wrote it. */
export async function migrate(arango: ArangoConnection): Promise<void> {
  const { db } = arango;
  await requireDatabase(db);
  const current = await schemaVersion(arango);
  if (current > migrations.length)
    throw new StoreError(
      'failed',
      `Cannot open the graph store "${db.name}": its collections have version ${current}, this program knows up to ${migrations.length}; start a newer one`,
    );
  for (const [index, step] of migrations.entries()) {
    if (index < current) continue;
    await step(arango);
    await runQuery(arango, putSchema(db.collection(ownCollections.counters), index + 1), 1);
  }
}

async function requireDatabase(db: Database): Promise<void> {
  if (!(await db.exists()))
    await unlessThere(errorNumbers.duplicateName, () =>
      db.database('_system').createDatabase(db.name, { sharding: 'single', ...replicas }),
    );
  const { sharding } = await db.get();
  if (sharding === 'single' || !(await isCluster(db))) return;
  throw new StoreError(
    'failed',
    `Cannot open the graph store "${db.name}": its sharding is "${sharding ?? ''}", must be "single", or a commit over several servers is not atomic; name another database in MSX_ARANGO_DATABASE and it is made so`,
  );
}

async function isCluster(db: Database): Promise<boolean> {
  const { parsedBody } = await db.route('_admin/server').get('role');
  return (parsedBody as { readonly role?: string }).role === 'COORDINATOR';
}

async function schemaVersion(arango: ArangoConnection): Promise<number> {
  try {
    const cursor = await runQuery(arango, getSchema(arango.db.collection(ownCollections.counters)), 1);
    return (await cursor.next()) ?? 0;
  } catch (error) {
    if (isArangoError(error) && error.errorNum === errorNumbers.collectionNotFound) return 0;
    throw error;
  }
}

async function unlessThere(errorNum: number, make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (!isArangoError(error) || error.errorNum !== errorNum) throw error;
  }
}
